"""A page at /desk/, as a browser asks for it."""

import json


class Page:
    """Asks as the page's script does."""

    def __init__(self, client):
        self.client = client

    def get(self, path=""):
        """GET below /desk/."""
        return self.client.get(f"/desk/{path}", headers={"HX-Request": "true"} if path else {})

    def post(self, path, **fields):
        """POST below /desk/."""
        return self.client.post(f"/desk/{path}", fields, headers={"HX-Request": "true"})

    def shows(self):
        """The HTML of the page as it is now."""
        response = self.get()
        assert response.status_code == 200
        return response.content.decode()


def said(response):
    """The sentence that an answer says on the page; None where it says none."""
    sent = response.headers.get("X-Desk-Say")
    return json.loads(sent)[1] if sent else None
