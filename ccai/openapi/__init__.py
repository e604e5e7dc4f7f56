"""What the API tells programs of itself: an OpenAPI document, built from the code that answers, and its pages.

`document.py` walks the urls; `calls.py` and its like have an Operation for each verb of each view; what is on the wire
is said once, by the annotations of the shapes, the vocabularies and the Sentences.
"""
