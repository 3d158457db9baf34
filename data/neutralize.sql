-- A copy of a database must neither answer nor make the calls of the original.
UPDATE telephony_account
   SET state = 'draft',
       auth_token = NULL,
       secondary_auth_token = NULL,
       api_key_sid = NULL,
       api_key_secret = NULL,
       twiml_app_sid = NULL,
       connected_base_url = NULL,
       former_base_url = NULL,
       webhook_base_url = 'https://neutralized.invalid';
-- What was typed and not used yet is a secret, too.
DELETE FROM telephony_account_credentials;
-- Custom phones are the private telephones of people, who would be called by the copy.
UPDATE telephony_agent SET status = 'offline', call_via = 'browser', phone_number = NULL;
UPDATE telephony_call_leg SET number = NULL WHERE role IN ('agent', 'supervisor');
-- So are the numbers that people have verified; a copy can show none of them anyway.
UPDATE telephony_caller_id SET number = 'neutralized-' || id, state = 'lost';
UPDATE telephony_dialed_leg SET number = NULL;
DELETE FROM telephony_agent_lease;
