#include "harness/hosts/ssh_private.h"

#include <stdio.h>
#include <string.h>

/* Offers the one key that the inventory names; a key with a passphrase may be in the
 * agent. */
static int
offer_identity(ssh_session session, const char *path)
{
	ssh_key key = NULL;

	if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) != SSH_OK)
		return ssh_userauth_agent(session, NULL);
	int rc = ssh_userauth_publickey(session, NULL, key);
	ssh_key_free(key);
	return rc;
}

/* Answers each question of the host with the password: what PAM asks on most hosts. */
static int
answer_questions(ssh_session session, const char *password)
{
	int rc = ssh_userauth_kbdint(session, NULL, NULL);

	for (int round = 0; rc == SSH_AUTH_INFO && round < 4; round++) {
		int prompts = ssh_userauth_kbdint_getnprompts(session);
		for (int i = 0; i < prompts; i++)
			ssh_userauth_kbdint_setanswer(session, (unsigned)i, password);
		rc = ssh_userauth_kbdint(session, NULL, NULL);
	}
	return rc;
}

static int
offer_password(ssh_session session, const char *password)
{
	int methods = ssh_userauth_list(session, NULL);
	int rc = SSH_AUTH_DENIED;

	if (methods & SSH_AUTH_METHOD_PASSWORD)
		rc = ssh_userauth_password(session, NULL, password);
	if (rc != SSH_AUTH_SUCCESS && (methods & SSH_AUTH_METHOD_INTERACTIVE))
		rc = answer_questions(session, password);
	return rc;
}

static int
offer_all(ssh_session session, const struct inventory_host *host)
{
	int rc = ssh_userauth_none(session, NULL); /* makes the host say what it takes */

	if (rc == SSH_AUTH_SUCCESS || rc == SSH_AUTH_ERROR)
		return rc;
	if (host->identity != NULL)
		rc = offer_identity(session, host->identity);
	else if (ssh_userauth_list(session, NULL) & SSH_AUTH_METHOD_PUBLICKEY)
		rc = ssh_userauth_publickey_auto(session, NULL, NULL);
	if (rc != SSH_AUTH_SUCCESS && host->password != NULL && ssh_is_connected(session))
		rc = offer_password(session, host->password);
	return rc;
}

static bool
refused(ssh_session session, const struct inventory_host *host, struct err *err)
{
	char *user = NULL;
	ssh_key key = NULL;
	const char *identity = host->identity;

	ssh_options_get(session, SSH_OPTIONS_USER, &user);
	const char *name = user ? user : "?";
	if (identity != NULL &&
	    ssh_pki_import_privkey_file(identity, NULL, NULL, NULL, &key) != SSH_OK) {
		err_set(err, "log in as '%s': cannot use the key '%s'", name, identity);
		err_hint(err, "check that the file is there and readable; a key with a "
			      "passphrase must be in the agent (ssh-add)");
	} else if (identity != NULL) {
		err_set(err, "log in as '%s': the host refuses the key '%s'%s", name,
			identity, host->password ? " and the password" : "");
		err_hint(err, "put the public key there: ssh-copy-id -i %s", identity);
	} else {
		err_set(err,
			"log in as '%s': the host refuses every key of the agent and of "
			"~/.ssh%s",
			name, host->password ? ", and the password" : "");
		err_hint(err, "name the user and the identity in the inventory or in "
			      "~/.ssh/config");
	}
	ssh_key_free(key);
	ssh_string_free_char(user);
	return false;
}

bool
ssh_login(struct ssh *ssh, const struct inventory_host *host, int64_t deadline,
	  struct err *err)
{
	struct watch watch;

	watch_start(&watch, ssh_get_fd(ssh->session), deadline);
	int rc = offer_all(ssh->session, host);
	bool late = watch_stop(&watch);
	if (late)
		return err_set(err, "log in: no answer in time");
	if (rc == SSH_AUTH_SUCCESS)
		return true;
	if (rc == SSH_AUTH_ERROR && !ssh_is_connected(ssh->session))
		return err_set(err, "log in: %s", ssh_get_error(ssh->session));
	return refused(ssh->session, host, err);
}
