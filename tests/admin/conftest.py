"""The pages of the back office, as an admin reads them."""

import pytest


@pytest.fixture
def page_of(admin_client):
    """The text of the page at an address, which opens."""

    def opened(url, **query):
        response = admin_client.get(url, query)
        assert response.status_code == 200, response
        return response.content.decode()

    return opened
