"""Systems and schemes of a user's own, in one file: what ``li.system`` and ``@li.scheme`` are made of."""
