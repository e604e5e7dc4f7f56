"""The API's manners, the same for every endpoint: authentication, rate limit, bodies, refusals, pages."""
