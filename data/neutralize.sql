-- A copy of a database must neither answer nor make the calls of the original.
UPDATE telephony_account
   SET state = 'draft',
       auth_token = NULL,
       api_key_sid = NULL,
       api_key_secret = NULL,
       twiml_app_sid = NULL,
       connected_base_url = NULL,
       former_base_url = NULL,
       webhook_base_url = 'https://neutralized.invalid';
UPDATE telephony_agent SET status = 'offline';
DELETE FROM telephony_agent_lease;
