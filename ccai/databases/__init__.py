"""Django's databases, with one thing more: what people change is recorded (ccai/audit.py).

Django's documentation describes how a backend is subclassed. Every statement that the ORM writes with goes through a
compiler of the backend, so nothing that is written can go round this, but SQL written by hand.
"""
