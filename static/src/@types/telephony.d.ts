// The payloads of the server (docs/rpc.md, "Payloads"), and the types that other addons extend.

/** A date or a datetime in Odoo's server format, in UTC. */
type ServerDate = string;

interface NamedRecord {
    id: number;
    name: string;
}

interface RecordReference extends NamedRecord {
    /** `res.partner`, `crm.lead` or another linked model, which has an icon and a name (`detail`) */
    model: string;
    icon?: string;
    detail?: string;
}

interface CustomerData {
    number: string | false;
    number_display: string;
    name: string | false;
    company_name: string | false;
    partner_id: number | false;
    country_code: string | false;
    timezone: string | false;
    /** What the telephone network says about an unknown caller; chosen by the caller's side */
    network: NetworkData | false;
    avatar_url: string | false;
}

interface NetworkData {
    name: string | false;
    city: string | false;
    country: string | false;
    country_id: number | false;
}

interface RecordingData {
    mode: string;
    state: "off" | "starting" | "recording" | "paused";
    wanted: "recording" | "paused" | "stopped" | false;
    interrupted: boolean;
    announcing: boolean;
    reason: string | false;
    problem: string | false;
}

interface SupervisorData extends NamedRecord {
    mode: "listen" | "whisper" | "barge";
}

interface TransferData {
    id: number;
    mode: "blind" | "warm" | "conference";
    kind: string;
    state: "ringing" | "joining" | "talking" | "conference" | "returning";
    target: string;
    by: NamedRecord;
    is_mine: boolean;
    expires_at: ServerDate | false;
}

/** What a call really is: `tools/call_phases.py`. */
type CallPhase =
    | "ended"
    | "queue_callback"
    | "fresh"
    | "claimed"
    | "dialing"
    | "joining"
    | "returning"
    | "transferring"
    | "waiting"
    | "offering"
    | "awaiting_agents"
    | "in_flow"
    | "conference"
    | "consulting"
    | "talking"
    | "held"
    | "agent_lost";

/** A call from the point of view of one user: `telephony.call._to_client`. */
interface CallData {
    uuid: string;
    id: number | false;
    revision: number;
    company_id: number;
    direction: "incoming" | "outgoing";
    state: "new" | "routing" | "queued" | "ringing" | "in_progress" | "ended";
    phase: CallPhase;
    outcome: string | false;
    end_message: string | false;
    customer: CustomerData;
    /** Keys to send after the answer, if they were dialed with the number */
    extension: string | false;
    our_number: { id: number; number: string; number_display: string; name: string } | false;
    caller_id: { id: number; name: string; number_display: string } | false;
    record: RecordReference | false;
    /** Further records that the call changes, besides the contact */
    other_records: { model: string; id: number }[];
    user: NamedRecord | false;
    created_at: ServerDate;
    answered_at: ServerDate | false;
    ended_at: ServerDate | false;
    duration: number;
    customer_state: string;
    on_hold: boolean;
    on_hold_since: ServerDate | false;
    supervisors: SupervisorData[];
    via: "browser" | "phone";
    agent_state: string;
    agent_connected: boolean;
    /** Whether the custom phone is muted at the provider */
    muted: boolean;
    /** The number that was dialed, if another carrier diverted the call */
    diverted_from: string | false;
    /** Whether the caller's carrier confirms the number; false if that is not reported */
    attestation: "verified" | "unverified" | "failed" | false;
    is_queue_callback: boolean;
    note: string;
    role: "agent" | "consulted";
    transfer: TransferData | false;
    transfer_path: string | false;
    recording: RecordingData | false;
    disposition: NamedRecord | false;
}

/** A row of the recent calls: `telephony.call._to_recent`. */
interface RecentCallData extends CallData {
    outcome_display: string | false;
    voicemail:
        { id: number; url: string; duration: number; peaks: number[][]; is_new: boolean } | false;
    callback:
        { id: number; due_at: ServerDate; is_overdue: boolean; user: NamedRecord | false } | false;
    /** what the user says about it, who left the call to others */
    part: (CallData & { is_part: true }) | false;
}

/** A call that continues without this user: the answer of a request, or `telephony/call_left`. */
interface LeftCallData extends Partial<CallData> {
    uuid: string;
    has_left: true;
    message: string | false;
    /** The call for the end window of the user who handed it over */
    part?: (CallData & { is_part: true }) | false;
}

interface CardActivity extends NamedRecord {
    icon: string;
    date: ServerDate;
    user_name: string | false;
    record: { model: string; id: number; name: string };
}

/** The data of a caller besides the name: `telephony.call._get_card`. */
interface CardData {
    last_call:
        | {
              date: ServerDate;
              direction: "incoming" | "outgoing";
              /** Who talked to the customer. */
              user_name: string | false;
              end_message: string;
          }
        | false;
    opportunities: { id: number; name: string; stage: string | false }[];
    records: { model: string; id: number; name: string; detail: string; icon: string }[];
    activities: CardActivity[];
    matches: { id: number; name: string; company_name: string | false }[];
    route: string[];
}

/** A call that rings for the user: `telephony.offer._to_client`. */
interface OfferData {
    id: number;
    expires_at: ServerDate;
    transfer:
        | { kind: "blind" | "warm" | "conference" | "returned"; name: string; note: string | false }
        | false;
    call: CallData & { card: CardData };
}

interface WrapUpData {
    uuid: string;
    started_at: ServerDate;
    until: ServerDate;
    extension: number;
    is_disposition_missing: boolean;
}

/** The agent of the current user: `telephony.agent._to_client`. */
interface AgentData {
    id: number;
    revision: number;
    company_id: number;
    status: "online" | "offline";
    call_via: "browser" | "phone";
    phone_number: string | false;
    phone_number_display: string | false;
    phone_country_code: string | false;
    press_to_accept: boolean;
    call_waiting: boolean;
    default_number_id: number | false;
    /** Whether customers see the company's number although the agent has a caller ID */
    shows_number: boolean;
    state: "offline" | "unreachable" | "available" | "ringing" | "in_call" | "wrap_up";
    wrap_up: WrapUpData | false;
}

/** A row of the live lists of the company: `telephony.call._to_live`. */
interface LiveRowData {
    id: number;
    uuid: string;
    revision: number;
    company_id: number;
    list: "conversation" | "queue" | false;
    phase: CallPhase;
    direction: "incoming" | "outgoing";
    is_queue_callback: boolean;
    customer_name: string | false;
    customer_number: string | false;
    our_number: string | false;
    our_number_display: string | false;
    user: NamedRecord | false;
    queue: (NamedRecord & { amber_seconds: number; red_seconds: number }) | false;
    started_at: ServerDate;
    answered_at: ServerDate | false;
    on_hold: boolean;
    transfer: { mode: string; state: string; name: string } | false;
}

interface CallerIdData {
    id: number;
    name: string;
    number: string;
    number_display: string;
    country_code: string | false;
    expires_at: ServerDate | false;
    failure: string | false;
    shared: boolean;
    state: string;
    message: string;
}

interface NumberData {
    id: number;
    number: string;
    number_display: string;
    name: string;
    recording_mode: "off" | "agent" | "always";
}

/** What the page reads when it opens: `telephony.agent.softphone_snapshot`. */
interface SnapshotData {
    agent: AgentData;
    can_call: boolean;
    cannot_call_reason: string | false;
    is_started: boolean;
    numbers: NumberData[];
    caller_ids: CallerIdData[];
    my_caller_ids: CallerIdData[];
    allow_caller_id: boolean;
    country: { code: string | false; phone_code: number };
    calls: CallData[];
    offers: OfferData[];
    recent: CallData[];
    left?: LeftCallData[];
    closed?: number[];
    client_lease_seconds: number;
    is_supervisor: boolean;
    is_first_use?: boolean;
    bus_id: number;
}

/** What the page has missed: `telephony.agent.softphone_changes`. */
interface ChangesData {
    agent: AgentData;
    calls: CallData[];
    left: LeftCallData[];
    offers: OfferData[];
    closed: number[];
}

/** The definition of a button of a running call; see `core/call_action_registry.js`. */
interface CallActionContext {
    softphone: import("@crm_telephony/shell/softphone_service").Softphone;
    store: import("@crm_telephony/core/softphone_store").SoftphoneStore;
    call: CallData;
    openRecord(): void;
}

interface CallAction {
    /** Class name by which tests and style sheets find the button */
    className: string;
    label(context: CallActionContext): string;
    /** The text below the icon, if the label is too long for it; the label is the tooltip then */
    shortLabel?(context: CallActionContext): string;
    /** Class names of the icon */
    icon(context: CallActionContext): string;
    /** Id of the keyboard shortcut of the same action */
    shortcut?: string;
    isVisible?(context: CallActionContext): boolean;
    /** Whether the button is pressed; absent for buttons without a pressed state */
    isActive?(context: CallActionContext): boolean;
    isDisabled?(context: CallActionContext): boolean;
    /** Why it is disabled, as the tooltip; empty if it is not */
    reason?(context: CallActionContext): string;
    /** Whether the server carries it out: the second click of a double click is ignored then */
    isRequest?: boolean;
    onSelected(context: CallActionContext): void;
}

/** A tab of the softphone; see `core/tab_registry.js`. Its key is its panel's name. */
interface SoftphoneTab {
    /** Class name of the icon, as `fa-ticket` */
    icon: string;
    label(): string;
    /** Without properties; `useSoftphone` and `useSoftphoneStore` reach the rest */
    Component: typeof import("@odoo/owl").Component;
}

/** A line of the customer's card. With a record, it is a link. */
interface CardLine {
    icon: string;
    text: string;
    record?: { model: string; id: number; name: string };
}

/** A source of lines of the card; see `core/card_line_registry.js`. */
interface CardLineSource {
    getLines(context: { card: CardData; call: CallData }): CardLine[];
}

declare module "services" {
    import { softphoneLoaderService } from "@crm_telephony/backend/softphone_loader";
    import { softphoneService } from "@crm_telephony/shell/softphone_service";

    export interface Services {
        "crm_telephony.loader": typeof softphoneLoaderService;
        "crm_telephony.softphone": typeof softphoneService;
    }
}

declare module "registries" {
    export interface GlobalRegistryCategories {
        "crm_telephony.call_actions": CallAction;
        "crm_telephony.card_lines": CardLineSource;
        "crm_telephony.tabs": SoftphoneTab;
    }
}
