/**
 * Links from the settings to the documentation of this addon, which Odoo serves itself. Other
 * relative addresses belong to Odoo's website.
 */

import { patch } from "@web/core/utils/patch";
import { DocumentationLink } from "@web/views/widgets/documentation_link/documentation_link";

const PAGES = "/telephony/docs/";

patch(DocumentationLink.prototype, {
    get url() {
        return this.props.path.startsWith(PAGES) ? this.props.path : super.url;
    },
});
