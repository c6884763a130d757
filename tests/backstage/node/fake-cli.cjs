#!/usr/bin/env node
'use strict';
// Behaves as provision-env does towards who started it: JSON lines and errors on standard error, a document on
// standard output, an orderly end at SIGINT. What it should do stands in FAKE; what it was given goes to FAKE_SEEN.
const { readFileSync, writeFileSync } = require('node:fs');

const args = process.argv.slice(2);
const { FAKE = 'done', FAKE_SEEN: seen } = process.env;
const request = JSON.parse(readFileSync(args[1], 'utf8'));
const say = (document) => process.stderr.write(`${JSON.stringify(document)}\n`);
const signals = [];
const note = () => writeFileSync(seen, JSON.stringify({ args, env: process.env, request, signals }));

const fail = (code, error) => {
  process.stderr.write(`${JSON.stringify({ error }, null, 2)}\n`, () => process.exit(code));
};
const interrupted = { reason: 'interrupted', where: '', fix: 'run the same command again', exit_code: 130, problems: [] };

process.on('SIGINT', () => {
  signals.push('SIGINT');
  note();
  if (FAKE === 'stubborn') return;
  say({ step: 'apply', root: 'shop-dev', status: 'done', detail: 'finished what was under way', seconds: 1 });
  fail(130, interrupted);
});

note();
say({ run: 'up-shop-1', detail: 'up-shop-1  with Terraform' });
say({ step: 'plan', root: 'shop-dev', status: 'started', detail: '' });
say({ step: 'plan', root: 'shop-dev', status: 'done', detail: '47 to add', seconds: 1.25 });
process.stderr.write(`a library says ${process.env.GITHUB_TOKEN}\n`);

const environment = {
  project_id: 'example-shop-dev',
  services: { scoring: { name: 'shop-dev-scoring', uri: 'https://shop.run.app' } },
  buckets: { data: 'shop-data' },
};
const verdict = { findings: FAKE === 'refused' ? [{ rule: 'PE-1', resource: 'x.y', reason: 'too open', fix: 'close it', blocks: true }] : [] };
const documents = {
  up: {
    team: request.team,
    run: 'up-shop-1',
    repository: {
      html_url: 'https://github.com/example-ml/shop',
      clone_url: 'https://github.com/example-ml/shop.git',
      default_branch: 'trunk',
    },
    outputs: { 'shop-dev': { environment }, 'shop-links': { links: {} } },
    changes: { 'shop-dev': { add: 47, change: 0, remove: 0 }, 'shop-links': { add: 0, change: 0, remove: 0 } },
    access: { summary: '7 ways in' },
  },
  plan: {
    team: request.team,
    roots: [{ root: 'shop-dev', empty: false, summary: '47 to add', verdict }],
    access: { gained: ['+ somebody'], lost: [] },
  },
};
const print = () => process.stdout.write(JSON.stringify(documents[args[0]], null, 2));

if (FAKE === 'done') print();
if (FAKE === 'refused') {
  print();
  fail(3, { reason: 'the rules refuse shop-dev', where: '', fix: 'mend the request', problems: [] });
}
if (FAKE === 'invalid') {
  const problems = [
    { where: 'provision-env/shop.yaml:3:5', reason: 'found 1', fix: 'write 2' },
    { where: 'provision-env/shop.yaml:4:5', reason: 'found 3', fix: '' },
  ];
  fail(2, { reason: '2 problems', where: '', fix: '', problems });
}
if (FAKE === 'crash') {
  process.stderr.write('{\nTraceback: out of luck\n', () => process.kill(process.pid, 'SIGKILL'));
}
if (FAKE === 'waits' || FAKE === 'stubborn') {
  say({ step: 'apply', root: 'shop-dev', status: 'started', detail: '' });
  setInterval(() => {}, 1 << 30); // until somebody ends it
}
