"""Writing a center back: rows for what is new, and of what is there the columns that have changed."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model

from agents import availability
from agents.models import Agent, Language, OutboundNumber, Team, User
from agents.roles import role_groups
from calls import services
from calls.models import Contact, ContactPhone, Ticket
from ccai.acting import actor
from ccai.center.applying import OCCASIONS
from ccai.center.records import Center, Option, Record, in_batches
from ccai.center.schema import (
    AGENTS,
    API_TOKENS,
    CONTACTS,
    LANGUAGES,
    MENUS,
    OUTBOUND_NUMBERS,
    ROLES,
    TICKETS,
    Kind,
)
from ccai.models import ApiToken
from ccai.times import now
from menus.models import AgentGroup, DeflectionOption, Menu, MenuOutboundNumber

Columns = Callable[[Record, Collection[str]], dict[str, Any]]


def write(center: Center) -> dict[str, str]:
    """The database has the center's values. Returns the API tokens that were made, by name: they are shown once."""
    tokens = make_tokens(center)
    write_rows(changed(center, LANGUAGES), Language)
    write_rows(changed(center, API_TOKENS), ApiToken)
    numbers = changed(center, OUTBOUND_NUMBERS)
    # The number that is the default no longer steps down before another one steps up.
    write_rows([record for record in numbers if not record.is_new and not record.values["default"]], OutboundNumber)
    write_rows([record for record in numbers if record.is_new or record.values["default"]], OutboundNumber)
    write_agents(center)
    write_menus(center)
    write_crm(center)
    return tokens


def changed(center: Center, kind: Kind) -> list[Record]:
    """The things of a kind that are not as the database has them."""
    return [record for record in center.of(kind).values() if record.is_new or record.changes()]


def no_columns(record: Record, names: Collection[str]) -> dict[str, Any]:
    """Nothing beyond the keys that are columns."""
    return {}


def write_rows(records: Iterable[Record], model: type[Model], more: Columns = no_columns) -> None:
    """Every record has its row of `model`. `more` gives columns that are no keys, for the keys that are written."""

    def columns(record: Record, names: Collection[str]) -> dict[str, Any]:
        fields = record.kind.fields
        return {fields[name].column: record.values[name] for name in names if fields[name].model is model} | more(
            record, names
        )

    new = []
    for record in records:
        if model not in record.rows:
            new.append(record)
        elif values := columns(record, record.changes()):
            model._default_manager.filter(pk=record.rows[model].pk).update(**values)
    rows = model._default_manager.bulk_create(model(**columns(record, tuple(record.values))) for record in new)
    for record, row in zip(new, rows, strict=True):
        record.rows[model] = row


def make_tokens(center: Center) -> dict[str, str]:
    """Every token has a secret. Returns those that got one just now."""
    made = {}
    for name, record in center.of(API_TOKENS).items():
        if not record.values["token_hash"]:
            row = ApiToken(name=name)
            made[name] = row.make_token()
            record.values["token_hash"] = row.token_hash
    return made


def write_agents(center: Center) -> None:
    """Agents, their logins, roles, teams, languages, numbers and statuses."""
    records = changed(center, AGENTS)
    for record in records:
        if User not in record.rows:
            record.values["email"] = User.objects.normalize_email(record.values["email"])
    write_rows(records, User, user_columns)
    write_roles([record for record in records if "role" in record.changes()])
    teams = {record.key: team_id(center, record.values["team"]) for record in records if "team" in record.changes()}

    def agent_columns(record: Record, names: Collection[str]) -> dict[str, Any]:
        more = {"team_id": teams[record.key]} if "team" in names else {}
        return more if Agent in record.rows else {**more, "user": record.rows[User]}

    write_rows(records, Agent, agent_columns)
    numbers = center.of(OUTBOUND_NUMBERS)
    for name, through, column, pk_of in (
        ("languages", Agent.languages.through, "language_id", lambda code: code),
        (
            "outbound_numbers",
            Agent.outbound_numbers.through,
            "outboundnumber_id",
            lambda number: numbers[number].rows[OutboundNumber].pk,
        ),
    ):
        replace_rows(
            through,
            "agent_id",
            {
                record.rows[Agent].pk: [{column: pk_of(key)} for key in record.values[name]]
                for record in records
                if name in record.changes()
            },
        )
    for record in records:
        if record.values["status"] != record.rows[Agent].status:
            availability.set_status(record.rows[Agent], record.values["status"])
        if not record.values["active"] and record.before.get("active"):
            services.let_go(record.rows[Agent], now())


def user_columns(record: Record, names: Collection[str]) -> dict[str, Any]:
    """What a login's password and role are in columns."""
    columns: dict[str, Any] = {}
    if "password_hash" in names:
        columns["password"] = record.values["password_hash"] or make_password(None)
    if "role" in names:
        user = record.rows.get(User)
        columns["is_staff"] = record.values["role"] != ROLES[0] or bool(user and user.is_superuser)
    return columns


def write_roles(records: Collection[Record]) -> None:
    """Each login is in the group of its role, and in that of no other role."""
    if not records:
        return
    groups = {role: group.pk for role, group in role_groups().items()}
    memberships = User.groups.through.objects
    for batch in in_batches(record.rows[User].pk for record in records):
        memberships.filter(user__in=batch, group__in=groups.values()).delete()
    memberships.bulk_create(
        User.groups.through(user_id=record.rows[User].pk, group_id=groups[record.values["role"]]) for record in records
    )


def team_id(center: Center, path: tuple[str, ...]) -> int | None:
    """The id of the team with this path, made where it is not there; None for no team."""
    if not path:
        return None
    if path not in center.teams:
        center.teams[path] = Team.objects.create(name=path[-1], parent_id=team_id(center, path[:-1])).pk
    return center.teams[path]


def replace_rows(model: type[Model], owner: str, rows: dict[int, list[dict[str, Any]]]) -> None:
    """The rows of `model` that belong to each owner are these, in this order, and no others."""
    for batch in in_batches(rows):
        model._default_manager.filter(**{f"{owner}__in": batch}).delete()
    model._default_manager.bulk_create(
        model(**{owner: pk}, **columns) for pk, items in rows.items() for columns in items
    )


def write_menus(center: Center) -> None:
    """Menus, with their languages, numbers, groups and options."""
    records = changed(center, MENUS)
    write_menu_rows(center, records)
    numbers = center.of(OUTBOUND_NUMBERS)

    def rows_of(names: Collection[str], items: Callable[[Record], list[dict[str, Any]]]) -> dict[int, list[Any]]:
        return {record.rows[Menu].pk: items(record) for record in records if set(names) & set(record.changes())}

    replace_rows(
        Menu.languages.through,
        "menu_id",
        rows_of(["languages"], lambda record: [{"language_id": code} for code in record.values["languages"]]),
    )
    replace_rows(
        MenuOutboundNumber,
        "menu_id",
        rows_of(
            ["outbound_numbers"],
            lambda record: [
                {"outbound_number_id": numbers[number].rows[OutboundNumber].pk, "position": position}
                for position, number in enumerate(record.values["outbound_numbers"])
            ],
        ),
    )
    write_options(center, [record for record in records if set(OCCASIONS) & set(record.changes())])
    write_groups(center, [record for record in records if "groups" in record.changes()])


def write_menu_rows(center: Center, records: Collection[Record]) -> None:
    """The menus' own rows. Chosen ids come first, so that no other menu is given one of them; parents come last."""
    ids: dict[int | None, int | None] = {None: None} | {key: key for key in center.of(MENUS) if key > 0}
    chosen = [record for record in records if record.is_new and record.key > 0]
    unnumbered = [record for record in records if record.is_new and record.key < 0]
    write_rows([record for record in records if not record.is_new], Menu)
    write_rows(chosen, Menu, lambda record, names: {"id": record.key})
    if chosen:
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [Menu]):
                cursor.execute(statement)
    write_rows(unnumbered, Menu)
    ids |= {record.key: record.rows[Menu].pk for record in unnumbered}
    for record in records:
        row = record.rows[Menu]
        columns = {"parent_id": ids[record.values["parent_id"]], "substitute_id": ids[record.values["substitute"]]}
        if columns != {name: getattr(row, name) for name in columns}:
            Menu.objects.filter(pk=row.pk).update(**columns)


def write_options(center: Center, records: Collection[Record]) -> None:
    """What these menus do on each occasion. A redirection that is switched says who did it, and when."""
    found: dict[tuple[int, str], DeflectionOption] = {}
    for batch in in_batches(record.rows[Menu].pk for record in records):
        found |= {(row.menu_id, row.occasion): row for row in DeflectionOption.objects.filter(menu__in=batch)}
    acts = actor()
    switched = {"switched_at": now(), "switched_by_id": acts.user_id if acts else None}
    new = []
    for record in records:
        for occasion in set(OCCASIONS) & set(record.changes()):
            option: Option | None = record.values[occasion]
            row = found.get((record.rows[Menu].pk, occasion))
            if option is None:
                if row:
                    row.delete()
                continue
            columns = option_columns(center, occasion, option)
            if row is None:
                new.append(DeflectionOption(menu_id=record.rows[Menu].pk, **columns))
            else:
                more = {} if row.active == option.active else switched
                DeflectionOption.objects.filter(pk=row.pk).update(**columns, **more)
    DeflectionOption.objects.bulk_create(new)


def option_columns(center: Center, occasion: str, option: Option) -> dict[str, Any]:
    """The row of an option, but for its menu."""
    return {
        "occasion": occasion,
        "kind": option.kind,
        "message": option.message,
        "to_menu_id": center.of(MENUS)[option.menu].rows[Menu].pk if option.menu else None,
        "to_number": option.number,
        "after_seconds": option.after_seconds,
        "active": option.active,
    }


def write_groups(center: Center, records: Collection[Record]) -> None:
    """The groups of these menus, in their order, and who is in them."""
    agents = center.of(AGENTS)
    found: dict[tuple[int, str], AgentGroup] = {}
    for batch in in_batches(record.rows[Menu].pk for record in records):
        found |= {(row.menu_id, row.name): row for row in AgentGroup.objects.filter(menu__in=batch)}
    new: list[AgentGroup] = []
    members: list[tuple[AgentGroup, tuple[str, ...]]] = []
    for record in records:
        menu_id = record.rows[Menu].pk
        for position, group in enumerate(record.values["groups"]):
            row = found.pop((menu_id, group.name), None)
            columns = {"position": position, "timeout_seconds": group.timeout_seconds}
            if row is None:
                row = AgentGroup(menu_id=menu_id, name=group.name, **columns)
                new.append(row)
            else:
                AgentGroup.objects.filter(pk=row.pk).update(**columns)
            members.append((row, group.agents))
    for batch in in_batches(row.pk for row in found.values()):
        AgentGroup.objects.filter(pk__in=batch).delete()
    AgentGroup.objects.bulk_create(new)
    replace_rows(
        AgentGroup.agents.through,
        "agentgroup_id",
        {row.pk: [{"agent_id": agents[key].rows[Agent].pk} for key in keys] for row, keys in members},
    )


def write_crm(center: Center) -> None:
    """Contacts with their phones, and tickets."""
    contacts = changed(center, CONTACTS)
    write_rows(contacts, Contact)
    replace_rows(
        ContactPhone,
        "contact_id",
        {
            record.rows[Contact].pk: [
                {"number": number, "position": position} for position, number in enumerate(record.values["phones"])
            ]
            for record in contacts
            if "phones" in record.changes()
        },
    )

    def ticket_columns(record: Record, names: Collection[str]) -> dict[str, Any]:
        if "contact" not in names:
            return {}
        contact = record.values["contact"]
        return {"contact": None if contact is None else center.of(CONTACTS)[contact].rows[Contact]}

    write_rows(changed(center, TICKETS), Ticket, ticket_columns)
