/** The sentences of the flow editor that describe steps and exits. */

import { _t } from "@web/core/l10n/translation";

/**
 * @param {Object} step
 * @param {Object} exit exit of the drawing
 * @returns {string} what leads where
 */
export function exitLabel(step, exit) {
    const values = { exit: exit.label, step: step.name, target: exit.targetName };
    if (exit.form === "new") {
        return _t("Add key to “%(step)s”", values);
    }
    return exit.targetName
        ? _t("“%(exit)s” of “%(step)s” leads to “%(target)s”", values)
        : _t(
              "“%(exit)s” of “%(step)s”: callers hear a default message, then the call ends",
              values
          );
}

/** @returns {string} label of the button that adds a step behind an exit */
export function addLabel(step, exit) {
    return _t("Add a step behind “%(exit)s” of “%(step)s”", {
        exit: exit.label,
        step: step.name,
    });
}

/**
 * @param {Object} step
 * @param {Object} flow flow payload
 * @param {number} callers callers who are in the step now
 * @returns {{ target: Object|undefined, text: string }} where callers go when the step is removed,
 *     and the explanation
 */
export function explainRemoval(step, flow, callers) {
    const others = flow.steps.filter((other) => other.id !== step.id);
    const count = others
        .flatMap((other) => other.exits)
        .filter((exit) => exit.target === step.id).length;
    const targets = new Set(
        step.exits.map((exit) => exit.target).filter((id) => id && id !== step.id)
    );
    const target =
        targets.size === 1 ? others.find((other) => other.id === [...targets][0]) : undefined;
    const isFirst = flow.first_id === step.id;
    const sentences = [];
    if ((count || isFirst) && target) {
        sentences.push(
            _t("What leads to this step will lead to “%(target)s”.", { target: target.name })
        );
    } else if (count) {
        sentences.push(
            _t(
                "What leads to this step will lead nowhere: callers hear a default message, then the call ends."
            )
        );
    }
    if (targets.size > 1) {
        sentences.push(_t("The steps behind it stay in the flow; connect them again if needed."));
    }
    if (callers === 1) {
        sentences.push(_t("A caller is in this step now, and continues as before."));
    } else if (callers) {
        sentences.push(
            _t("%(count)s callers are in this step now, and continue as before.", {
                count: callers,
            })
        );
    }
    sentences.push(_t("You can undo this."));
    return { target, text: sentences.join("\n") };
}
