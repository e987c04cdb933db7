"""Errors that a person can mend; the messages say how. Light, so that the command line can know them all."""


class StoreError(RuntimeError):
    """A result store that cannot be used as asked; the message names the file and what to do."""


class ChannelError(ValueError):
    """Channel arrays that do not fit the configuration; the message says which, what it is and what is expected."""


class ClusterError(RuntimeError):
    """Workers that cannot be had or cannot be used; what they finished before is kept."""
