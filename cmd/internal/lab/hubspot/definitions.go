package hubspot

// standard are the properties that HubSpot itself defines, as far as anybody who rates contacts would meet them: a
// name, a type, and for enumerations the values; "calculated" ones cannot be written. Source: HubSpot documentation,
// the guide of each object, and "HubSpot's default contact properties".
const standard = `
contacts
email string
firstname string
lastname string
phone phone_number
mobilephone phone_number
company string
jobtitle string
website string
address string
city string
state string
zip string
country string
industry string
annualrevenue number
numemployees number
hs_language string
hs_timezone enumeration zones
hs_persona string
hs_buying_role enumeration BLOCKER BUDGET_HOLDER CHAMPION DECISION_MAKER END_USER EXECUTIVE_SPONSOR INFLUENCER LEGAL_AND_COMPLIANCE OTHER
hubspot_owner_id enumeration any
lifecyclestage enumeration subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other
hs_lead_status enumeration NEW OPEN IN_PROGRESS OPEN_DEAL UNQUALIFIED ATTEMPTED_TO_CONTACT CONNECTED BAD_TIMING
hs_email_optout bool
hs_analytics_source enumeration ORGANIC_SEARCH PAID_SEARCH EMAIL_MARKETING SOCIAL_MEDIA REFERRALS OTHER_CAMPAIGNS DIRECT_TRAFFIC OFFLINE PAID_SOCIAL AI_REFERRALS
hs_merged_object_ids string calculated
hs_additional_emails string
notes_last_contacted datetime calculated
notes_last_updated datetime calculated
notes_next_activity_date datetime calculated
num_contacted_notes number calculated
num_notes number calculated
hs_sales_email_last_replied datetime calculated
recent_conversion_date datetime calculated
recent_conversion_event_name string calculated
hs_email_domain string calculated
emails
hs_timestamp datetime
hs_email_direction enumeration EMAIL INCOMING_EMAIL FORWARDED_EMAIL
hs_email_status enumeration BOUNCED FAILED SCHEDULED SENDING SENT
hs_email_subject string
hs_email_text string
hs_email_html string
hs_email_headers string
hs_email_from_email string calculated
hs_email_from_firstname string calculated
hs_email_from_lastname string calculated
hs_email_to_email string calculated
hs_email_cc_email string calculated
hs_email_thread_id string calculated
hs_email_message_id string calculated
hs_email_has_inline_images_stripped bool calculated
hubspot_owner_id enumeration any
calls
hs_timestamp datetime
hs_call_title string
hs_call_body string
hs_call_direction enumeration INBOUND OUTBOUND
hs_call_status enumeration BUSY CALLING_CRM_USER CANCELED COMPLETED CONNECTING FAILED IN_PROGRESS NO_ANSWER QUEUED RINGING
hs_call_disposition string
hs_call_duration number
hs_call_from_number string
hs_call_to_number string
hs_activity_type string
hubspot_owner_id enumeration any
meetings
hs_timestamp datetime
hs_meeting_title string
hs_meeting_body string
hs_internal_meeting_notes string
hs_meeting_external_url string
hs_meeting_location string
hs_meeting_start_time datetime
hs_meeting_end_time datetime
hs_meeting_outcome enumeration SCHEDULED COMPLETED RESCHEDULED NO_SHOW CANCELED
hs_activity_type string
hubspot_owner_id enumeration any
notes
hs_timestamp datetime
hs_note_body string
hubspot_owner_id enumeration any
tasks
hs_timestamp datetime
hs_task_subject string
hs_task_body string
hs_task_status enumeration COMPLETED DEFERRED IN_PROGRESS NOT_STARTED WAITING
hs_task_priority enumeration LOW MEDIUM HIGH NONE
hs_task_type enumeration EMAIL CALL TODO LINKED_IN MEETING
hs_task_completion_date datetime calculated
hs_task_is_completed bool calculated
hubspot_owner_id enumeration any
communications
hs_timestamp datetime
hs_communication_channel_type enumeration WHATS_APP LINKEDIN_MESSAGE SMS CUSTOM_CHANNEL_CONVERSATION
hs_communication_logged_from enumeration CRM INTEGRATION
hs_communication_body string
hubspot_owner_id enumeration any
quotes
hs_title string
hs_status enumeration DRAFT APPROVAL_NOT_NEEDED PENDING_APPROVAL APPROVED REJECTED
hs_quote_number string
hs_quote_amount number
hs_quote_link string calculated
hs_expiration_date date
hs_locked bool calculated
hs_language string
hs_currency string
hs_terms string
hs_comments string
hs_esign_enabled bool
hs_esign_date datetime
hs_esign_num_signers_required number
hs_esign_num_signers_completed number calculated
hs_payment_enabled bool
hs_payment_status enumeration PENDING PROCESSING PAID
hs_payment_date datetime calculated
hubspot_owner_id enumeration any
deals
dealname string
dealstage enumeration any
pipeline enumeration any
amount number
closedate datetime
dealtype enumeration newbusiness existingbusiness
hs_next_step string
hs_priority enumeration low medium high
closed_lost_reason string
closed_won_reason string
hs_deal_stage_probability number calculated
hs_is_closed bool calculated
hs_is_closed_won bool calculated
hubspot_owner_id enumeration any
line_items
name string
hs_sku string
hs_product_id string
quantity number
price number
discount number
hs_discount_percentage number
amount number calculated
hs_cost_of_goods_sold number
hs_line_item_currency_code string
recurringbillingfrequency string
`

// winnow are the properties of the group winnow, without the prefix.
const winnow = `
rating enumeration A B C D
machine_rating enumeration A B C D
score number
engagement number
fit number
worth number
reasons string
status enumeration open pending disqualified requalified nurture override
disqualified bool
disqualification_reason enumeration unresponsive no_progress fact_finding not_interested not_ready misfit unprofitable difficult human
pending_until date
recheck_on date
ball enumeration us them none
owed_reply_since datetime
treatment enumeration intensive standard light nurture
recommended_action string
recommended_message string
next_milestone_missing bool
rated_at datetime
model string
override enumeration A B C D keep disqualified
override_until date
do_not_profile bool
`
