'use strict';
const assert = require('node:assert/strict');
const { statSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { MODULE, TOKEN, bench } = require('./bench.cjs');
const { settingsFrom } = require(path.join(MODULE, 'lib/settings.cjs'));

/** Cancel the task as soon as the program says that it applies. */
function cancelWhileApplying({ logger, cancel }) {
  const { debug } = logger;
  logger.debug = (text) => {
    debug(text);
    if (text.includes('apply')) cancel.abort();
  };
}

test('a run writes its progress into the log and hands over what was made', async () => {
  const { actions, task, log, outputs, saw, workspacePath } = bench('done');
  await actions.up.handler(task);
  assert.deepEqual(log.slice(0, 4), [
    'info up-shop-1  with Terraform',
    'debug … plan shop-dev',
    'info ✓ plan shop-dev 1.3s 47 to add',
    'info a library says ***',
  ]);
  assert.equal(outputs.run, 'up-shop-1');
  assert.equal(outputs.repositoryUrl, 'https://github.com/example-ml/shop');
  assert.equal(outputs.catalogInfoUrl, 'https://github.com/example-ml/shop/blob/trunk/catalog-info.yaml');
  assert.equal(outputs.entityRef, 'component:default/shop');
  assert.match(outputs.summary, /\| dev \| example-shop-dev \| \[shop-dev-scoring\]\(https:\/\/shop.run.app\) \| shop-data \|/);
  assert.match(outputs.summary, /shop-dev: 47 to add/);
  const { args, request } = saw();
  assert.deepEqual(args.slice(0, 3), ['up', outputs.requestFile, '--yes']);
  assert.deepEqual(args.slice(3), [
    '--platform', '/etc/platform.yaml', '--no-sandbox', '--progress', 'json', '--output', 'json',
  ]);
  assert.deepEqual(request.environments, { dev: { project: 'example-shop-dev', branch: 'main' } });
  assert.equal(statSync(path.join(workspacePath, outputs.requestFile)).mode & 0o777, 0o600);
});

test('tokens travel in the environment only, and the program sees nothing of other plugins', async () => {
  const { actions, task, log, outputs, saw } = bench('done');
  await actions.up.handler(task);
  const { args, env } = saw();
  assert.equal(env.GITHUB_TOKEN, TOKEN);
  assert.equal(env.USER, 'user:default/ann');
  assert.equal(env.AUTH_SESSION_SECRET, undefined);
  assert.ok(!JSON.stringify([args, log, outputs]).includes(TOKEN));
});

test('what is inherited is struck out like what is given, line by line', () => {
  const { secrets } = settingsFrom(
    { platform: 'p', env: { GITHUB_TOKEN: TOKEN, LANG: 'en_GB.UTF-8' } },
    { PROVISION_ENV_GITHUB_APP_PRIVATE_KEY: '-----BEGIN KEY-----\ncanary0123\ncan\n', PATH: '/usr/bin:/bin' },
  );
  assert.deepEqual(secrets, [TOKEN, '-----BEGIN KEY-----', 'canary0123']);
});

test('a dry run is a plan', async () => {
  const { actions, task, outputs, saw } = bench('done', { sandbox: true });
  await actions.up.handler({ ...task, isDryRun: true });
  assert.equal(saw().args[0], 'plan');
  assert.ok(saw().args.includes('--sandbox'));
  assert.ok(!saw().args.includes('--yes'));
  assert.equal(outputs.changed, true);
  assert.match(outputs.summary, /shop-dev: 47 to add[^]*gained: \+ somebody/);
  assert.equal(outputs.repositoryUrl, undefined);
});

test('a retry after the step had ended runs nothing again', async () => {
  const { actions, task, outputs, saw } = bench('done');
  await actions.up.handler(task);
  const first = { ...outputs };
  writeFileSync(path.join(task.workspacePath, 'seen.json'), '{"args": "untouched"}');
  await actions.up.handler(task);
  assert.deepEqual(outputs, first);
  assert.equal(saw().args, 'untouched');
});

test('an invalid request names every place, what was found and what to write', async () => {
  const { actions, task } = bench('invalid');
  await assert.rejects(actions.up.handler(task), (error) => {
    assert.equal(error.message, 'provision-env/shop.yaml:3:5: found 1\n  write 2\nprovision-env/shop.yaml:4:5: found 3');
    assert.equal(error.code, 2);
    return true;
  });
});

test('a plan that the rules refuse shows what they refuse', async () => {
  const { actions, task, log } = bench('refused');
  await assert.rejects(actions.plan.handler(task), /the rules refuse shop-dev\n {2}mend the request/);
  assert.match(log.join('\n'), /PE-1 x\.y: too open \(close it\)/);
});

test('a cancelled task interrupts the program once and waits for its orderly end', async () => {
  const wanted = bench('waits');
  cancelWhileApplying(wanted);
  await assert.rejects(wanted.actions.up.handler(wanted.task), (error) => {
    assert.ok(error.cancelled);
    assert.match(error.message, /^cancelled; what was made stays[^]*interrupted\n {2}run the same command again$/);
    return true;
  });
  assert.deepEqual(wanted.saw().signals, ['SIGINT']);
  assert.equal(wanted.log.at(-1), 'info ✓ apply shop-dev 1.0s finished what was under way');
});

test('a program that does not stop is ended after the grace', async () => {
  const wanted = bench('stubborn', { graceSeconds: 0.2 });
  cancelWhileApplying(wanted);
  await assert.rejects(wanted.actions.up.handler(wanted.task), /^RunFailed: cancelled[^]*ended with SIGKILL/);
  assert.deepEqual(wanted.saw().signals, ['SIGINT']);
});

test('a task that is cancelled already starts nothing', async () => {
  const { actions, task, cancel, saw } = bench('done');
  cancel.abort();
  await assert.rejects(actions.up.handler(task), /cancelled before anything was started/);
  assert.throws(saw, /ENOENT/);
});

test('a program that dies without a word leaves its last lines and how it ended', async () => {
  const { actions, task } = bench('crash');
  await assert.rejects(actions.up.handler(task), /ended with SIGKILL[^]*Traceback: out of luck/);
});

test('a program that is not there says what to set', async () => {
  const { actions, task } = bench('done', { command: '/nowhere/provision-env' });
  await assert.rejects(actions.up.handler(task), /nowhere\/provision-env cannot be started \(ENOENT\): set provisionEnv/);
});

test('a program that is another one is told so', async () => {
  const { actions, task } = bench('silent');
  await assert.rejects(actions.up.handler(task), /printed no JSON: is it provision-env\?/);
});

test('settings without a platform are refused by the name of what is missing', () => {
  for (const given of [undefined, {}, { platform: '' }]) {
    assert.throws(() => settingsFrom(given, {}), /provisionEnv\.platform is missing/);
  }
});
