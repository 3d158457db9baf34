import { Panel } from "@crm_telephony/core/constants";
import { WrapUp } from "./wrap_up";

/** The wrap-up while the window shows other content, with a button to return to it. */
export class WrapUpBar extends WrapUp {
    static template = "crm_telephony.WrapUpBar";

    show() {
        this.softphone.wrapUp.show();
        this.softphone.windowState.show(Panel.KEYPAD);
    }
}
