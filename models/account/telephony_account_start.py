from odoo import models


class TelephonyAccount(models.Model):
    """The first connection of an account, after which the administrator can call at once."""

    _inherit = "telephony.account"

    def _set_up_first_calls(self):
        """Assign numbers that no one uses to the current user, with a first call flow.

        Numbers whose calls go elsewhere, that are for messages only, or that have phone users or a
        call flow keep what they have.

        :return: what was done, as whole sentences
        :rtype: list(str)
        """
        self.ensure_one()
        agents = self.env["telephony.agent"]
        numbers = self.number_ids.filtered(
            lambda number: number.is_connected and number.has_voice and not number.agent_ids
        )
        if not (
            numbers
            and numbers.has_access("write")
            # An administrator without the right to telephone is not made a phone user.
            and agents._may_telephone(self.env.user, self.company_id)
        ):
            return []
        # sudo: telephony.agent - the agent is taken without the superuser's rights
        numbers.agent_ids = agents._ensure_own_agent(self.company_id).sudo(False)
        sentences = [
            self.env._("You can make calls with %(number)s.", number=numbers.display_name)
            if len(numbers) == 1
            else self.env._("You can make calls with %(count)d numbers.", count=len(numbers))
        ]
        flow = self._make_first_flow(numbers.filtered(lambda number: not number.flow_id))
        if flow:
            sentences.append(
                self.env._(
                    "Incoming calls ring at all phone users who are online, in the new call flow "
                    "“%(flow)s”.",
                    flow=flow.name,
                )
            )
        return sentences

    def _make_first_flow(self, numbers):
        """Create a company's first call flow, for numbers without one.

        :return: the flow; empty if the company has one, or the user may not create it
        """
        flows = self.env["telephony.flow"]
        company = [("company_id", "=", self.company_id.id)]
        if (
            not numbers
            or not flows.has_access("create")
            or flows.with_context(active_test=False).search_count(company, limit=1)
        ):
            return flows
        flow = flows.create({"name": self.env._("Ring everyone"), "company_id": self.company_id.id})
        flow.action_template_ring()
        numbers.flow_id = flow
        return flow
