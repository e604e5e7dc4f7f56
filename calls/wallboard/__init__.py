"""`/wallboard/`: the center as it is now, on a big screen."""
