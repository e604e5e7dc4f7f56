"""Files of calls: which kinds there are, told by their content, and how they are served."""
