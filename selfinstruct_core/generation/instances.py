"""Stage 3: ask for a task's instances, input-first or output-first, and read the reply.

Paper section 2.2 "Instance generation", Tables 7 and 8 (v2), and stage 4's filters.
"""

from selfinstruct_core.generation import instances_improved, instances_paper
from selfinstruct_core.generation.instance_filters import filter_instances
from selfinstruct_core.generation.prompt_set import InstanceDemonstration, InstancePrompts
from selfinstruct_core.models import (
    Drop,
    DroppedInstance,
    InstanceReading,
    Mode,
    Prompt,
    Reply,
    Stage,
)


def render(instruction: str, texts: InstancePrompts, stage: Stage) -> Prompt:
    """The prompt: all demonstrations, then the task, whose examples are to follow."""
    return Prompt(_fixed_part(texts, stage), f" {instruction.strip()}\n")


def _fixed_part(texts: InstancePrompts, stage: Stage) -> str:
    if texts.template is not None:
        return texts.template
    show = _show_input_first if stage is Stage.INPUT_FIRST else _show_output_first
    shown = [f"Task: {demo.instruction}\n{show(demo)}\n\n" for demo in texts.demonstrations]
    return f"{texts.header}\n\n{''.join(shown)}Task:"


def _show_input_first(demo: InstanceDemonstration) -> str:
    if len(demo.instances) == 1 and not demo.instances[0].input:
        return f"Output: {demo.instances[0].output}"
    return "\n".join(
        f"Example {n}\n{instance.input}\nOutput: {instance.output}"
        for n, instance in enumerate(demo.instances, 1)
    )


def _show_output_first(demo: InstanceDemonstration) -> str:
    return "\n".join(
        f"Class label: {instance.output}" + (f"\n{instance.input}" if instance.input else "")
        for instance in demo.instances
    )


def parse(
    reply: Reply, stage: Stage, mode: Mode, *, max_instances: int = 5, sample_key: str = ""
) -> InstanceReading:
    """The instances of a response that are taken over, and those that are dropped with reasons.

    When the reply broke off, its last instance is dropped; then invalid ones, then conflicts
    and duplicates (see instance_filters); of more than `max_instances` a sample decided by
    `sample_key` is taken. A failed call has no instances.
    """
    if reply.text is None:
        return InstanceReading()
    reader = instances_paper if mode is Mode.PAPER else instances_improved
    read = reader.input_first if stage is Stage.INPUT_FIRST else reader.output_first
    reading = read(reply.text, cut_off=reply.finish_reason == "length")
    if reading == InstanceReading():
        # An "Example 1" with nothing after it, say: no task is without instances for no reason.
        missing = Drop.NO_OUTPUT_FIELD if stage is Stage.INPUT_FIRST else Drop.NO_CLASS_LABEL
        return InstanceReading((), (DroppedInstance("", reply.text.strip(), missing),))
    return filter_instances(reading, max_instances, sample_key)
