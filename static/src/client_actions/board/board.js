import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { useHotkey } from "@web/core/hotkeys/hotkey_hook";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useLiveClock } from "@crm_telephony/core/live_clock";
import { GetStarted } from "@crm_telephony/features/get_started/get_started";
import { BoardAgents } from "./board_agents";
import { BoardData } from "./board_data";
import { BoardFigure, LongestWait } from "./board_figure";
import { countText, drillDown, percentText } from "./board_labels";
import { BoardQueues } from "./board_queues";
import { WallScreen } from "./wall_screen";

/** The supervisors' board: waiting callers, agents, and the figures of today. */
export class Board extends Component {
    static template = "crm_telephony.Board";
    static components = { BoardAgents, BoardFigure, BoardQueues, GetStarted, Layout, LongestWait };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        const data = new BoardData(useService("orm"), useService("bus_service"));
        this.board = useState(data);
        this.clock = useLiveClock(data);
        this.display = { controlPanel: {} };
        this.root = useRef("root");
        this.wall = useState(new WallScreen());
        useHotkey("escape", () => this.wall.leave(), { isAvailable: () => this.wall.isOn });
        onMounted(() => data.start());
        onWillUnmount(() => {
            data.stop();
            this.wall.leave();
        });
        this.open = this.open.bind(this);
    }

    get data() {
        return this.board.data;
    }

    /** Figures that count calls, in reading order. */
    get counts() {
        const { total } = this.data;
        return [
            ["talking", _t("In a call"), "fa-comments-o"],
            ["answered", _t("Answered today"), "fa-check"],
            ["missed", _t("Missed today"), "fa-times"],
            ["abandoned", _t("Abandoned today"), "fa-sign-out"],
            ["voicemail", _t("Voicemails"), "fa-envelope-o"],
        ].map(([name, label, icon]) => ({ name, label, icon, value: countText(total[name]) }));
    }

    get waitingText() {
        return countText(this.data.total.waiting);
    }

    get levelText() {
        return percentText(this.data.total.service_level);
    }

    get levelDetail() {
        const { in_target_count: count, level_count: all } = this.data.total;
        return all ? _t("%(count)s of %(all)s on time", { count, all }) : "";
    }

    get isEmpty() {
        return !this.data.agents.length && !this.data.queues.length;
    }

    /** Whether something is missing that an administrator can do. */
    get isSetupShown() {
        return this.data?.is_started === false && !this.wall.isOn;
    }

    toggleWall() {
        return this.wall.isOn ? this.wall.leave() : this.wall.enter(this.root.el);
    }

    /**
     * @param {string} figure
     * @param {Object} [row] row of a queue
     */
    open(figure, row) {
        this.wall.leave();
        return this.action.doAction(drillDown(figure, this.data, row));
    }

    openPhoneUsers() {
        return this.action.doAction("crm_telephony.telephony_agent_action");
    }
}

registry.category("lazy_components").add("crm_telephony.board", Board);
