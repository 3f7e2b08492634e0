"""Instances of a written task in the shape a completion model answers in, spoilt where asked."""

from dataclasses import replace

from selfinstruct_core.lm.demo.examples import ReplyDefect, WrittenInstance, WrittenTask

_OTHER_OUTPUT = "Unclear"

_Instances = tuple[WrittenInstance, ...]


def write_instances(task: WrittenTask, output_first: bool) -> str:
    """The stored instances of a task, after its reply defect."""
    if task.reply_defect is ReplyDefect.NO_MARKER:
        return f"One way to answer this would be as follows.\n{task.instances[0].output}"
    instances = spoil(task.instances, task.reply_defect)
    return _labels_first(instances) if output_first else _inputs_first(instances)


def _inputs_first(instances: _Instances) -> str:
    if len(instances) == 1 and not instances[0].input:
        return _field("Output", instances[0].output)
    return "\n\n".join(
        _lines(f"Example {number}", instance.input, _field("Output", instance.output))
        for number, instance in enumerate(instances, start=1)
    )


def _labels_first(instances: _Instances) -> str:
    return "\n\n".join(
        _lines(_field("Class label", instance.output), instance.input) for instance in instances
    )


def _field(name: str, value: str) -> str:
    return f"{name}: {value}" if value else f"{name}:"


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def spoil(instances: _Instances, defect: ReplyDefect | None) -> _Instances:
    """The instances as the defect leaves them."""
    match defect:
        case ReplyDefect.EMPTY_OUTPUT:
            return (replace(instances[0], output=""), *instances[1:])
        case ReplyDefect.SAME_AS_INPUT:
            return _with_input_as_output(instances)
        case ReplyDefect.CONFLICTING:
            return (*instances, _contradiction(instances))
        case ReplyDefect.DUPLICATE:
            return (*instances, instances[0])
        case ReplyDefect.ENDS_WITH_COLON:
            output = instances[0].output.rstrip(".:") + ":"
            return (replace(instances[0], output=output), *instances[1:])
        case _:
            return instances


def _with_input_as_output(instances: _Instances) -> _Instances:
    index = _first_with_input(instances)
    # One line, because a class label ends with its line and would otherwise differ from the input.
    text = " ".join(instances[index].input.split())
    return (*instances[:index], WrittenInstance(text, text), *instances[index + 1 :])


def _contradiction(instances: _Instances) -> WrittenInstance:
    given = instances[_first_with_input(instances)]
    others = (each.output for each in instances if each.output != given.output)
    return replace(given, output=next(others, _OTHER_OUTPUT))


def _first_with_input(instances: _Instances) -> int:
    return next(index for index, instance in enumerate(instances) if instance.input)
