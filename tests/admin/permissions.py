"""Who may do what: every page and verb, and the answer that each kind of person gets.

A line is a method, a path, what is sent along where that matters (no spaces in it), and an answer for each column. The
answers are those of the wire, but for two redirects: `login` is to the back office's login, `desk` to the agents'.
A form that is sent empty is answered 200 with its faults where it may be sent at all, 403 where it may not. `{call}`
and the like are the ids of the rows in tests/admin/rows.py; `{agent}` is the agent of the column `agent`, who is on
`{call}`, and the other people are no agents. A new page needs a line here, or test_permissions.py fails.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One person (or program), one request, and the answer."""

    who: str
    method: str
    path: str
    sent: str
    answer: str

    def __str__(self):
        return " ".join(filter(None, (self.who, self.method, self.path, self.sent)))


def read_table(table):
    """The cells of a table, line by line. Empty lines and those that begin with # say nothing."""
    header, *lines = [line.split() for line in table.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        (method, path, *sent), answers = line[: -len(header)], line[-len(header) :]
        for who, answer in zip(header, answers, strict=True):
            yield Cell(who, method, path, "".join(sent), answer)


BACK_OFFICE = """
                                                                 anonymous agent viewer supervisor admin
# For everybody who works in the back office
GET   /                                                          302       302   302    302        302
GET   /admin/                                                    login     login 200    200        200
GET   /admin/login/                                              200       200   302    302        302
POST  /admin/logout/                                             302       302   200    200        200
GET   /admin/password_change/                                    login     login 200    200        200
GET   /admin/password_change/done/                               login     login 200    200        200
GET   /admin/search/?s=kim                                       login     login 200    200        200
GET   /admin/jsi18n/                                             login     login 200    200        200
GET   /admin/r/1/1/                                              login     login 404    404        404
GET   /admin/calls/                                              login     login 200    200        200
GET   /admin/ccai/                                               login     login 404    404        200
GET   /admin/autocomplete/?app_label=agents&model_name=agent&field_name=team login     login 200    200        200
GET   /admin/autocomplete/?app_label=calls&model_name=ticket&field_name=contact login     login 403    200        200
GET   /admin/menus/menu/paths/?app_label=menus&model_name=menu&field_name=parent login     login 200    200        200

# What is kept, kind by kind
GET   /admin/agents/agent/                                       login     login 200    200        200
GET   /admin/agents/agent/add/                                   login     login 403    403        200
GET   /admin/agents/agent/{agent}/change/                        login     login 200    200        200
POST  /admin/agents/agent/{agent}/change/                        login     login 403    403        200
GET   /admin/agents/agent/{agent}/delete/                        login     login 403    403        403
GET   /admin/agents/agent/{agent}/history/                       login     login 403    403        302
GET   /admin/agents/agent/live/?ids={agent}                      login     login 200    200        200
GET   /admin/agents/agent/{agent}/day/                           login     login 200    200        200
GET   /admin/agents/agent/{agent}/invite/                        login     login 403    403        200
POST  /admin/agents/agent/{agent}/invite/                        login     login 403    403        302
GET   /admin/agents/agent/export.csv                             login     login 200    200        200
GET   /admin/agents/agent/export.xlsx                            login     login 200    200        200
GET   /admin/agents/agent/import/                                login     login 403    403        200
POST  /admin/agents/agent/import/                                login     login 403    403        200
GET   /admin/agents/agent/import/1/                              login     login 403    403        404
POST  /admin/agents/agent/import/1/                              login     login 403    403        404

GET   /admin/center/                                             login     login 403    403        200
POST  /admin/center/                                             login     login 403    403        200
GET   /admin/center/1/                                           login     login 403    403        404
POST  /admin/center/1/                                           login     login 403    403        404
GET   /admin/center/download/                                    login     login 403    403        200
GET   /admin/center/download/?secrets=1                          login     login 403    403        403

GET   /admin/agents/engagement/                                  login     login 200    200        200
GET   /admin/agents/engagement/add/                              login     login 403    403        403
GET   /admin/agents/engagement/{engagement}/change/              login     login 200    200        200
POST  /admin/agents/engagement/{engagement}/change/              login     login 403    403        403
GET   /admin/agents/engagement/{engagement}/delete/              login     login 403    403        403
GET   /admin/agents/engagement/{engagement}/history/             login     login 403    403        302

GET   /admin/agents/language/                                    login     login 200    200        200
GET   /admin/agents/language/add/                                login     login 403    403        200
GET   /admin/agents/language/{language}/change/                  login     login 200    200        200
POST  /admin/agents/language/{language}/change/                  login     login 403    403        200
GET   /admin/agents/language/{language}/delete/                  login     login 403    403        200
GET   /admin/agents/language/{language}/history/                 login     login 403    403        302

GET   /admin/agents/outboundnumber/                              login     login 200    200        200
GET   /admin/agents/outboundnumber/add/                          login     login 403    403        200
GET   /admin/agents/outboundnumber/{outboundnumber}/change/      login     login 200    200        200
POST  /admin/agents/outboundnumber/{outboundnumber}/change/      login     login 403    403        200
GET   /admin/agents/outboundnumber/{outboundnumber}/delete/      login     login 403    403        200
GET   /admin/agents/outboundnumber/{outboundnumber}/history/     login     login 403    403        302

GET   /admin/agents/statuschange/                                login     login 200    200        200
GET   /admin/agents/statuschange/add/                            login     login 403    403        403
GET   /admin/agents/statuschange/{statuschange}/change/          login     login 200    200        200
POST  /admin/agents/statuschange/{statuschange}/change/          login     login 403    403        403
GET   /admin/agents/statuschange/{statuschange}/delete/          login     login 403    403        403
GET   /admin/agents/statuschange/{statuschange}/history/         login     login 403    403        302

GET   /admin/agents/team/                                        login     login 200    200        200
GET   /admin/agents/team/add/                                    login     login 403    403        200
GET   /admin/agents/team/{team}/change/                          login     login 200    200        200
POST  /admin/agents/team/{team}/change/                          login     login 403    403        200
GET   /admin/agents/team/{team}/delete/                          login     login 403    403        200
GET   /admin/agents/team/{team}/history/                         login     login 403    403        302

GET   /admin/agents/user/                                        login     login 403    403        200
GET   /admin/agents/user/add/                                    login     login 403    403        200
GET   /admin/agents/user/{user}/change/                          login     login 403    403        200
POST  /admin/agents/user/{user}/change/                          login     login 403    403        200
GET   /admin/agents/user/{user}/delete/                          login     login 403    403        403
GET   /admin/agents/user/{user}/history/                         login     login 403    403        302

GET   /admin/auth/group/                                         login     login 403    403        200
GET   /admin/auth/group/add/                                     login     login 403    403        403
GET   /admin/auth/group/{group}/change/                          login     login 403    403        200
POST  /admin/auth/group/{group}/change/                          login     login 403    403        403
GET   /admin/auth/group/{group}/delete/                          login     login 403    403        403
GET   /admin/auth/group/{group}/history/                         login     login 403    403        302

GET   /admin/calls/call/                                         login     login 200    200        200
GET   /admin/calls/call/add/                                     login     login 403    403        403
GET   /admin/calls/call/{call}/change/                           login     login 200    200        200
POST  /admin/calls/call/{call}/change/                           login     login 403    403        403
GET   /admin/calls/call/{call}/delete/                           login     login 403    403        403
GET   /admin/calls/call/{call}/history/                          login     login 403    403        302
POST  /admin/calls/call/{call}/end/ reason=Stop                  login     login 403    302        302
POST  /admin/calls/call/{call}/cancel/                           login     login 403    302        302
POST  /admin/calls/call/{call}/move/ scheduled_at=2099-01-01T10:00 login     login 403    302        302
POST  /admin/calls/call/{call}/start/                            login     login 403    302        302
GET   /admin/calls/scheduled/                                    login     login 200    200        200
POST  /admin/calls/scheduled/ deed=cancel&call=1                 login     login 403    302        302
GET   /admin/calls/call/?q=2345&columns=number                   login     login 200    200        200
GET   /admin/calls/call/export/csv/                              login     login 200    200        200
GET   /admin/calls/call/export/xlsx/?all=1                       login     login 200    200        200
GET   /admin/calls/call/export/pdf/                              login     login 404    404        404
GET   /admin/calls/call/export/progress/                         login     login 200    200        200
POST  /admin/calls/call/views/ name=Mine&query=status=failed     login     login 302    302        302
POST  /admin/calls/call/views/999999/ delete=1                   login     login 404    404        404

GET   /admin/calls/contact/                                      login     login 403    200        200
GET   /admin/calls/contact/add/                                  login     login 403    403        200
GET   /admin/calls/contact/{contact}/change/                     login     login 403    200        200
POST  /admin/calls/contact/{contact}/change/                     login     login 403    403        200
GET   /admin/calls/contact/{contact}/delete/                     login     login 403    403        200
GET   /admin/calls/contact/{contact}/history/                    login     login 403    403        302

GET   /admin/calls/dialprompt/                                   login     login 200    200        200
GET   /admin/calls/dialprompt/add/                               login     login 403    403        403
GET   /admin/calls/dialprompt/{dialprompt}/change/               login     login 200    200        200
POST  /admin/calls/dialprompt/{dialprompt}/change/               login     login 403    403        403
GET   /admin/calls/dialprompt/{dialprompt}/delete/               login     login 403    403        403
GET   /admin/calls/dialprompt/{dialprompt}/history/              login     login 403    403        302

GET   /admin/calls/disposition/                                  login     login 200    200        200
GET   /admin/calls/disposition/add/                              login     login 403    403        200
GET   /admin/calls/disposition/{disposition}/change/             login     login 200    200        200
POST  /admin/calls/disposition/{disposition}/change/             login     login 403    403        200
GET   /admin/calls/disposition/{disposition}/delete/             login     login 403    403        200
GET   /admin/calls/disposition/{disposition}/history/            login     login 403    403        302

GET   /admin/calls/enduser/                                      login     login 200    200        200
GET   /admin/calls/enduser/add/                                  login     login 403    403        200
GET   /admin/calls/enduser/{enduser}/change/                     login     login 200    200        200
POST  /admin/calls/enduser/{enduser}/change/                     login     login 403    403        302
GET   /admin/calls/enduser/{enduser}/delete/                     login     login 403    403        403
GET   /admin/calls/enduser/{enduser}/history/                    login     login 403    403        302

GET   /admin/calls/offer/                                        login     login 200    200        200
GET   /admin/calls/offer/add/                                    login     login 403    403        403
GET   /admin/calls/offer/{offer}/change/                         login     login 200    200        200
POST  /admin/calls/offer/{offer}/change/                         login     login 403    403        403
GET   /admin/calls/offer/{offer}/delete/                         login     login 403    403        403
GET   /admin/calls/offer/{offer}/history/                        login     login 403    403        302

GET   /admin/calls/ticket/                                       login     login 403    200        200
GET   /admin/calls/ticket/add/                                   login     login 403    403        200
GET   /admin/calls/ticket/{ticket}/change/                       login     login 403    200        200
POST  /admin/calls/ticket/{ticket}/change/                       login     login 403    403        200
GET   /admin/calls/ticket/{ticket}/delete/                       login     login 403    403        200
GET   /admin/calls/ticket/{ticket}/history/                      login     login 403    403        302

GET   /admin/ccai/apitoken/                                      login     login 403    403        200
GET   /admin/ccai/apitoken/add/                                  login     login 403    403        200
GET   /admin/ccai/apitoken/{apitoken}/change/                    login     login 403    403        200
POST  /admin/ccai/apitoken/{apitoken}/change/                    login     login 403    403        200
GET   /admin/ccai/apitoken/{apitoken}/delete/                    login     login 403    403        200
GET   /admin/ccai/apitoken/{apitoken}/history/                   login     login 403    403        302

GET   /admin/ccai/webhookendpoint/                               login     login 403    403        200
GET   /admin/ccai/webhookendpoint/add/                           login     login 403    403        200
POST  /admin/ccai/webhookendpoint/add/                           login     login 403    403        200
GET   /admin/ccai/webhookendpoint/{webhookendpoint}/change/      login     login 403    403        200
POST  /admin/ccai/webhookendpoint/{webhookendpoint}/change/      login     login 403    403        200
GET   /admin/ccai/webhookendpoint/{webhookendpoint}/delete/      login     login 403    403        200
GET   /admin/ccai/webhookendpoint/{webhookendpoint}/history/     login     login 403    403        302
POST  /admin/ccai/webhookendpoint/{webhookendpoint}/secret/      login     login 403    403        302
POST  /admin/ccai/webhookendpoint/{webhookendpoint}/again/       login     login 403    403        302
POST  /admin/ccai/webhookendpoint/{webhookendpoint}/test/        login     login 403    403        302
GET   /admin/ccai/webhookdelivery/                               login     login 403    403        200
GET   /admin/ccai/webhookdelivery/add/                           login     login 403    403        403
GET   /admin/ccai/webhookdelivery/{webhookdelivery}/change/      login     login 403    403        200
POST  /admin/ccai/webhookdelivery/{webhookdelivery}/change/      login     login 403    403        403
GET   /admin/ccai/webhookdelivery/{webhookdelivery}/delete/      login     login 403    403        403
GET   /admin/ccai/webhookdelivery/{webhookdelivery}/history/     login     login 403    403        302
POST  /admin/ccai/webhookdelivery/{webhookdelivery}/again/       login     login 403    403        302

GET   /admin/ccai/auditentry/                                    login     login 403    403        200
GET   /admin/ccai/auditentry/add/                                login     login 403    403        403
POST  /admin/ccai/auditentry/add/                                login     login 403    403        403
GET   /admin/ccai/auditentry/{auditentry}/change/                login     login 403    403        200
POST  /admin/ccai/auditentry/{auditentry}/change/                login     login 403    403        403
GET   /admin/ccai/auditentry/{auditentry}/delete/                login     login 403    403        403
POST  /admin/ccai/auditentry/{auditentry}/delete/                login     login 403    403        403
GET   /admin/ccai/auditentry/{auditentry}/history/               login     login 403    403        302

GET   /admin/menus/menu/                                         login     login 200    200        200
GET   /admin/menus/menu/add/                                     login     login 403    403        200
GET   /admin/menus/menu/{menu}/change/                           login     login 200    200        200
POST  /admin/menus/menu/{menu}/change/                           login     login 403    403        200
GET   /admin/menus/menu/{menu}/delete/                           login     login 403    403        200
POST  /admin/menus/menu/{menu}/delete/ substitute=               login     login 403    403        302
GET   /admin/menus/menu/{menu}/move/                             login     login 403    403        200
POST  /admin/menus/menu/{menu}/move/ other=&where=last           login     login 403    403        302
GET   /admin/menus/menu/{menu}/restore/                          login     login 403    403        200
POST  /admin/menus/menu/{menu}/restore/                          login     login 403    403        200
GET   /admin/menus/menu/{menu}/close/                            login     login 403    200        200
POST  /admin/menus/menu/{menu}/close/ reason=Fire                login     login 403    302        302
POST  /admin/menus/menu/{menu}/redirection/ on=0                 login     login 403    302        302
POST  /admin/menus/menu/closings/{closing}/reopen/               login     login 403    302        302
GET   /admin/menus/menu/{menu}/history/                          login     login 403    403        302
POST  /admin/menus/menu/hours-preview/ hours-time_zone=UTC        login     login 200    200        200
GET   /admin/agents/user/{user}/password/                        login     login 403    403        200

# Reports and the wallboard
GET   /reports/                                                  login     login 200    200        200
GET   /reports/?branch={menu}                                    login     login 200    200        200
GET   /reports/?branch=999999                                    login     login 404    404        404
GET   /reports/summary.csv                                       login     login 200    200        200
GET   /reports/nothing.csv                                       login     login 404    404        404
GET   /wallboard/                                                login     login 200    200        200
GET   /wallboard/?branch=999999                                  login     login 404    404        404
GET   /wallboard/parts/                                          login     login 200    200        200
"""

DESK = """
                                                                 anonymous agent viewer supervisor admin
GET   /desk/                                                     desk      200   403    403        403
GET   /desk/login/                                               200       302   302    302        302
POST  /desk/logout/                                              desk      desk  desk   desk       desk
GET   /desk/colors.css                                           200       200   200    200        200
POST  /desk/status status=break                                  desk      200   403    403        403
POST  /desk/offers/{offer}/accept                                desk      409   403    403        403
POST  /desk/offers/{offer}/decline                               desk      409   403    403        403
GET   /desk/prompts/{dialprompt}                                 desk      200   403    403        403
POST  /desk/prompts/{dialprompt}/use                             desk      400   403    403        403
POST  /desk/prompts/{dialprompt}/drop                            desk      200   403    403        403
POST  /desk/calls/{call}/hold                                    desk      200   403    403        403
POST  /desk/calls/{call}/resume                                  desk      409   403    403        403
POST  /desk/calls/{call}/hang-up                                 desk      200   403    403        403
GET   /desk/calls/{call}/targets                                 desk      200   403    403        403
POST  /desk/calls/{call}/transfer                                desk      404   403    403        403
POST  /desk/calls/{call}/complete-transfer                       desk      409   403    403        403
POST  /desk/calls/{call}/cancel-transfer                         desk      200   403    403        403
POST  /desk/calls/{call}/flag flag=bad_actor&on=true             desk      200   403    403        403
POST  /desk/calls/{call}/note text=x                             desk      200   403    403        403
POST  /desk/calls/{call}/disposition                             desk      200   403    403        403
POST  /desk/calls/{call}/call-back                               desk      409   403    403        403
GET   /desk/calls/{call}/photos/{photo}                          desk      302   403    403        403
GET   /desk/calls/{call}/videos/{video}                          desk      302   403    403        403
POST  /desk/dial                                                 desk      400   403    403        403
GET   /desk/voicemails                                           desk      200   403    403        403
POST  /desk/voicemails/{call}/read                               desk      404   403    403        403
GET   /desk/voicemails/{call}/recording                          desk      404   403    403        403
GET   /desk/missed                                               desk      200   403    403        403
GET   /desk/history                                              desk      200   403    403        403
"""

# People who have logged in open nothing here: only a token does.
API = """
                                                                 anonymous agent viewer supervisor admin token
GET   /apps/api/v1/calls                                         401       401   401    401        401   200
POST  /apps/api/v1/calls                                         401       401   401    401        401   400
GET   /apps/api/v1/calls/{call}                                  401       401   401    401        401   200
GET   /apps/api/v1/calls/{call}/customer_flag                    401       401   401    401        401   200
PATCH /apps/api/v1/calls/{call}/customer_flag {"bad_actor":true} 401       401   401    401        401   200
POST  /apps/api/v1/calls/{call}/transfers                        401       401   401    401        401   400
POST  /apps/api/v1/calls/{call}/photos                           401       401   401    401        401   415
POST  /apps/api/v1/calls/{call}/videos                           401       401   401    401        401   415
PATCH /apps/api/v1/calls/{call}/feedback {"rating":5}            401       401   401    401        401   200
GET   /apps/api/v1/calls/{call}/data_parameters                  401       401   401    401        401   200
PATCH /apps/api/v1/calls/{call}/data_parameters {"a":1}          401       401   401    401        401   200
PATCH /apps/api/v1/calls/scheduled/{call}                        401       401   401    401        401   400
PATCH /apps/api/v1/calls/scheduled/{call}/cancel                 401       401   401    401        401   400
PATCH /apps/api/v1/calls/scheduled/cancel                        401       401   401    401        401   400
GET   /apps/api/v1/jobs/00000000-0000-0000-0000-000000000000     401       401   401    401        401   404
GET   /apps/api/v1/agents                                        401       401   401    401        401   200
GET   /apps/api/v1/agents/{agent}                                401       401   401    401        401   200
GET   /apps/api/v1/teams                                         401       401   401    401        401   200
GET   /apps/api/v1/end_users                                     401       401   401    401        401   200
GET   /apps/api/v1/menus                                         401       401   401    401        401   200
GET   /apps/api/v1/menus/tree                                    401       401   401    401        401   200
GET   /apps/api/v1/menus/{menu}                                  401       401   401    401        401   200
GET   /apps/api/v1/menus/{menu}/wait                             401       401   401    401        401   200
GET   /manager/api/v1/calls                                      401       401   401    401        401   200
GET   /manager/api/v1/agents                                     401       401   401    401        401   200
GET   /manager/api/v1/agent_activity_logs                        401       401   401    401        401   200
GET   /manager/api/v1/menus                                      401       401   401    401        401   200
GET   /manager/api/v1/menus/tree                                 401       401   401    401        401   200
GET   /manager/api/v1/teams                                      401       401   401    401        401   200
GET   /manager/api/v1/teams/tree                                 401       401   401    401        401   200
GET   /manager/api/v1/user_statuses                              401       401   401    401        401   200
GET   /manager/api/v1/settings/organization                      401       401   401    401        401   200
GET   /manager/api/v1/nothing                                    401       401   401    401        401   404
GET   /apps/api/v1/nothing                                       401       401   401    401        401   404
# For everybody: they say nothing of this center.
GET   /apps/api/v1/schema                                        200       200   200    200        200   200
GET   /apps/api/v1/docs                                          200       200   200    200        200   200
"""

CELLS = [*read_table(BACK_OFFICE), *read_table(DESK), *read_table(API)]
