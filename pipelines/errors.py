"""All errors we raise on purpose, and who deals with them.

WirehouseError
  UsageError      a name, path or option is wrong   the person at the keyboard: exit 2
  SourceError     a sources/*.toml is wrong         a person: the message names file and key
  CrawlFailed     the crawl process broke           Airflow: the task is tried again
  BatchError      a batch is missing or damaged     the operator: crawl or extract it again
  WarehouseError  the warehouse cannot be reached   the operator: the message names the
                  or is not what we expect          attach string (without its password)
  CheckFailed     a run broke its promises          the operator: the findings say why
  AlertFailed     a message was not delivered       the operator: it is tried again with the next

A page that holds no story is no error but a `ledger.Reject`.
"""


class WirehouseError(Exception):
    """Says in one line what is wrong, where, and what to do."""


class UsageError(WirehouseError):
    pass


class SourceError(WirehouseError):
    pass


class CrawlFailed(WirehouseError):
    pass


class BatchError(WirehouseError):
    pass


class WarehouseError(WirehouseError):
    pass


class CheckFailed(WirehouseError):
    pass


class AlertFailed(WirehouseError):
    pass
