"""The public names, and where each is at home."""

from .accounts.checks import VendorState as VendorState
from .accounts.presenters import Presenter as Presenter, PresenterPage as PresenterPage
from .brief import (
    FIELDS as FIELDS,
    MAX_NAME as MAX_NAME,
    MAX_SEED as MAX_SEED,
    MEDIUM_KINDS as MEDIUM_KINDS,
    MOUTH_FIELDS as MOUTH_FIELDS,
    SPEAKERS as SPEAKERS,
    TWO_MOUTHS as TWO_MOUTHS,
    VOICE_FIELDS as VOICE_FIELDS,
    Brief as Brief,
    BriefField as BriefField,
    FieldRole as FieldRole,
    KeptMedium as KeptMedium,
    MouthBox as MouthBox,
    fields_of as fields_of,
    two_mouths_error as two_mouths_error,
)
from .config import ROOT as ROOT
from .config.settings import Settings as Settings
from .decimals import decimals_of as decimals_of
from .desk.desk import Desk as Desk
from .desk.press import HOLD_S as HOLD_S
from .door.talk import Stage as Stage, Tongue as Tongue
from .errors import (
    BriefChangedError as BriefChangedError,
    BriefError as BriefError,
    DiskError as DiskError,
    FetchError as FetchError,
    LedgerError as LedgerError,
    LibraryError as LibraryError,
    MediaError as MediaError,
    NotAllowedError as NotAllowedError,
    RenderError as RenderError,
    SettingsError as SettingsError,
    StudioError as StudioError,
    UnknownJobError as UnknownJobError,
    VendorError as VendorError,
    VendorIdTakenError as VendorIdTakenError,
    WorkerError as WorkerError,
)
from .espeak import (
    HOW_TO_GET as HOW_TO_GET,
    PACE as PACE,
    PACES as PACES,
    PITCH as PITCH,
    PITCHES as PITCHES,
    Speaker as Speaker,
    speaker_for as speaker_for,
    speakers as speakers,
)
from .estimates import (
    COLUMNS as COLUMNS,
    ENCODINGS as ENCODINGS,
    LONGEST_ASKED_S as LONGEST_ASKED_S,
    Batch as Batch,
    Guess as Guess,
    LengthError as LengthError,
    Plan as Plan,
    RowPrice as RowPrice,
    Sheet as Sheet,
    SheetError as SheetError,
    Total as Total,
    Wish as Wish,
    file_key as file_key,
    is_link as is_link,
    leads_to_file as leads_to_file,
    length_text as length_text,
    link_of as link_of,
    plan_csv as plan_csv,
    read_sheet as read_sheet,
    seconds_of as seconds_of,
    sheet_of as sheet_of,
    template as template,
)
from .estimates.clip import Estimate as Estimate, times as times, until_ready_s as until_ready_s
from .job import (
    AWAITS_PERSON as AWAITS_PERSON,
    PENDING as PENDING,
    STATES as STATES,
    UNCHOSEN_ENDS as UNCHOSEN_ENDS,
    WITHDRAWABLE as WITHDRAWABLE,
    Job as Job,
    JobEvent as JobEvent,
    JobState as JobState,
)
from .ledger.caps import (
    FULL_SHARE as FULL_SHARE,
    NEAR_SHARE as NEAR_SHARE,
    PRESS as PRESS,
    TEAM as TEAM,
    Cap as Cap,
    month_name as month_name,
)
from .ledger.filters import Filter as Filter, Order as Order
from .ledger.found_orders import FoundOrder as FoundOrder
from .ledger.job_cost import cost_above as cost_above
from .ledger.listing import BatchFacts as BatchFacts, BatchSums as BatchSums
from .ledger.month_course import Course as Course
from .ledger.open_briefs import OpenBatch as OpenBatch, OpenBrief as OpenBrief, new_brief_id as new_brief_id
from .ledger.spending import (
    Dearer as Dearer,
    Grouping as Grouping,
    Line as Line,
    Month as Month,
    Sums as Sums,
    VendorMonth as VendorMonth,
)
from .ledger.vendor_status import balance_text as balance_text
from .media.cleanup import Going as Going
from .media.erase import Root as Root, Traces as Traces
from .media.library import Item as Item, ItemKind as ItemKind
from .media.origin import Came as Came
from .medium import Kind as Kind, MediumFacts as MediumFacts, MouthGuess as MouthGuess, box_around as box_around
from .people.access_requests import AccessRequest as AccessRequest
from .people.audit import Entry as Entry
from .people.rights import Person as Person
from .people.roles import Action as Action, Role as Role
from .people.visits import act_for as act_for
from .plain_text import one_line as one_line
from .pricing import (
    TARIFFS as TARIFFS,
    Override as Override,
    Rates as Rates,
    Step as Step,
    Tariff as Tariff,
    Waste as Waste,
    spoken_s as spoken_s,
)
from .pricing.catalogue import ENGINES as ENGINES, SCENES as SCENES
from .pricing.clipped_voice import clipped_words as clipped_words
from .pricing.media_doubts import media_doubts as media_doubts
from .pricing.press_questions import (
    PressFacts as PressFacts,
    Question as Question,
    QuestionKind as QuestionKind,
    press_questions as press_questions,
)
from .pricing.reserve import MOST_CEILING_USD_MICROS as MOST_CEILING_USD_MICROS
from .pricing.silent_voice import unheard_words as unheard_words
from .pricing.terms import rate_text as rate_text
from .providers.facts import Engine as Engine
from .providers.forms import EngineForm as EngineForm
from .providers.registry import PROVIDERS as PROVIDERS
from .providers.wire import Balance as Balance, KeyCheck as KeyCheck, Verdict as Verdict
from .quote import (
    Issue as Issue,
    IssueKind as IssueKind,
    PriceRoseError as PriceRoseError,
    Qualifier as Qualifier,
    Quote as Quote,
    credits_text as credits_text,
    has_risen as has_risen,
    price_text as price_text,
    priced as priced,
)
from .samples import (
    CLIPS as CLIPS,
    HELLO as HELLO,
    PAIRS as PAIRS,
    PORTRAITS as PORTRAITS,
    VOICES as VOICES,
    Sample as Sample,
)
from .server.doors import PageServer as PageServer
from .studio import Studio as Studio
from .tracker.notices import NOTICE_EXAMPLE as NOTICE_EXAMPLE
from .tracker.pace import Pace as Pace
