'use strict';
// What app-config.yaml says under `provisionEnv`, and what the program inherits of the backend's environment.

// A backend holds keys of many plugins; the program gets only what it and Google's and GitHub's clients look for.
const INHERITED = new Set([
  'PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR',
  'XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME',
  'HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy',
  'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO',
  'GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG', 'TF_CLI_CONFIG_FILE', 'TF_PLUGIN_CACHE_DIR',
]);
const GRACE_SECONDS = 300;
const LEAST_SECRET = 8;

/**
 * Read the settings.
 *
 * @param {object} given what stands under `provisionEnv` in the configuration
 * @param {Record<string, string | undefined>} inherited the backend's environment
 * @returns {{command: string[], platform: string, place: string, environment: Record<string, string>,
 *   graceMs: number, secrets: string[]}}
 */
function settingsFrom(given, inherited) {
  if (!given || typeof given.platform !== 'string' || !given.platform) {
    throw new Error('provisionEnv.platform is missing: give the path of platform.yaml in app-config.yaml');
  }
  const own = given.env ?? {};
  const kept = Object.entries(inherited).filter(([name, value]) => value && isInherited(name));
  const environment = { ...Object.fromEntries(kept), NO_COLOR: '1', ...own };
  return {
    command: [given.command ?? 'provision-env', ...(given.args ?? [])],
    platform: given.platform,
    place: given.sandbox ? '--sandbox' : '--no-sandbox',
    environment,
    graceMs: (given.graceSeconds ?? GRACE_SECONDS) * 1000,
    secrets: secretsOf(environment),
  };
}

/** Return what must be in no log: a key has many lines, of which a log may hold one; the longest come first. */
function secretsOf(environment) {
  return Object.entries(environment)
    .filter(([name]) => /TOKEN|SECRET|PASSWORD|KEY/i.test(name))
    .flatMap(([, value]) => value.split('\n'))
    .filter((line) => line.length >= LEAST_SECRET)
    .sort((one, other) => other.length - one.length);
}

function isInherited(name) {
  return INHERITED.has(name) || name.startsWith('PROVISION_ENV_') || name.startsWith('LC_');
}

module.exports = { settingsFrom };
