"""One call as people read it: its story, drawn to scale and told in words."""
