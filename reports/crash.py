"""Expected and actual, read from the message of a failed plain assert."""

from collections.abc import Iterator

_OPENING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_OPERATORS = (" == ", " != ", " is not ", " not in ", " is ", " in ", " <= ", " >= ", " < ", " > ")


def expected_and_actual(message: str) -> tuple[str, str]:
    """Return what a failed check wanted and what it got instead.

    ``assert 200 == 401`` gives ``("401", "200")``. A message that is no comparison has no
    expectation; its first line is what happened.
    """
    for line in message.splitlines():
        statement = line.removeprefix("AssertionError: ")
        if statement.startswith("assert "):
            return _compared(statement.removeprefix("assert "))
    return "", message.partition("\n")[0]


def _compared(expression: str) -> tuple[str, str]:
    for position, operator in _operators(expression):
        left, right = expression[:position], expression[position + len(operator) :]
        match operator.strip():
            case "==" | "is":
                return right, left
            case "in":
                return f"contains {left}", right
            case "not in":
                return f"does not contain {left}", right
            case other:
                return f"{other} {right}", left
    return "", expression


def _operators(expression: str) -> Iterator[tuple[int, str]]:
    """Yield comparison operators that stand outside quotes and brackets, from the left."""
    closing: list[str] = []
    quote = ""
    skip = False
    for position, char in enumerate(expression):
        if skip:
            skip = False
        elif quote:
            skip = char == "\\"
            quote = "" if char == quote else quote
        elif closing and char == closing[-1]:
            closing.pop()
        elif char in "'\"":
            quote = char
        elif char in _OPENING and not expression.startswith((" < ", " <= "), position - 1):
            closing.append(_OPENING[char])
        elif not closing:
            for operator in _OPERATORS:
                if expression.startswith(operator, position):
                    yield position, operator
                    break
