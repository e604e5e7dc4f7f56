"""The addresses of the Calls API (contract sections 4, 6 and 7). A trailing slash works too."""

urlpatterns: list = []
