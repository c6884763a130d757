'use strict';
// A task of the scaffolder without Backstage: a workspace, a log, checkpoints that survive a retry, a way to cancel.
const { mkdtempSync, readFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const MODULE = path.resolve(__dirname, '../../../backstage/scaffolder-module');
const { actions } = require(path.join(MODULE, 'lib/actions.cjs'));
const { settingsFrom } = require(path.join(MODULE, 'lib/settings.cjs'));

const TOKEN = 'ghs_0123456789abcdef';
const ANSWERS = {
  team: 'shop',
  owner: 'shop@example.com',
  cost_center: 'cc-1',
  data_class: 'internal',
  environments: [{ name: 'dev', project: 'example-shop-dev', branch: 'main', reviewers: [], budget: {} }],
};

function bench(fake, given = {}) {
  const workspacePath = mkdtempSync(path.join(tmpdir(), 'task-'));
  const seen = path.join(workspacePath, 'seen.json');
  const settings = settingsFrom(
    {
      platform: '/etc/platform.yaml',
      command: process.execPath,
      args: [path.join(__dirname, 'fake-cli.cjs')],
      env: { FAKE: fake, FAKE_SEEN: seen, GITHUB_TOKEN: TOKEN },
      ...given,
    },
    { PATH: process.env.PATH, HOME: workspacePath, AUTH_SESSION_SECRET: 'of another plugin' },
  );
  const log = [];
  const outputs = {};
  const checkpoints = new Map();
  const cancel = new AbortController();
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [level, (text) => log.push(`${level} ${text}`)]),
  );
  const task = {
    workspacePath,
    input: { request: ANSWERS },
    logger,
    signal: cancel.signal,
    user: { ref: 'user:default/ann' },
    output: (name, value) => Object.assign(outputs, { [name]: value }),
    async checkpoint({ key, fn }) {
      if (!checkpoints.has(key)) checkpoints.set(key, await fn());
      return checkpoints.get(key);
    },
  };
  const made = Object.fromEntries(actions(settings).map((action) => [action.id.split(':')[1], action]));
  const saw = () => JSON.parse(readFileSync(seen, 'utf8'));
  return { log, logger, outputs, cancel, task, saw, settings, actions: made, workspacePath };
}

module.exports = { ANSWERS, MODULE, TOKEN, bench };
