"""Every list of the back office costs the same however much there is."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.admin.rows import admin_url, fill

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_of_thirty_rows_costs_no_more_queries_than_a_list_of_ten(model, page_of):
    for number in range(10):
        fill(number)
    page_of(admin_url(model, "changelist"))
    with CaptureQueriesContext(
        connection,
    ) as few:
        page_of(admin_url(model, "changelist"))
    for number in range(10, 30):
        fill(number)
    with CaptureQueriesContext(connection) as many:
        page_of(admin_url(model, "changelist"))
    assert len(many) == len(few), [query["sql"] for query in many]
