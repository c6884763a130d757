'use strict';
const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { ANSWERS, MODULE } = require('./bench.cjs');
const { requestFrom } = require(path.join(MODULE, 'lib/request.cjs'));

test('lists become maps in the same order, and what nobody answered is left out', () => {
  const request = requestFrom({
    ...ANSWERS,
    description: '',
    budget: { currency: 'EUR' },
    environments: [
      { name: 'stage', project: 'p-stage', budget: { amount: 5, currency: 'EUR' } },
      { name: 'dev', project: 'p-dev', reviewers: [], roles: { deploy: [] }, region: null, budget: {} },
    ],
    services: [{ name: 'batch', scaling: { min: 0 }, env: { EMPTY: '', LEVEL: 'info' }, secrets: {} }, { name: 'plain' }],
    buckets: [],
    repository: { topics: [], description: '' },
  });
  assert.deepEqual(Object.keys(request.environments), ['stage', 'dev']);
  assert.deepEqual(request, {
    team: 'shop',
    owner: 'shop@example.com',
    cost_center: 'cc-1',
    data_class: 'internal',
    environments: { stage: { project: 'p-stage', budget: { amount: 5, currency: 'EUR' } }, dev: { project: 'p-dev' } },
    services: { batch: { scaling: { min: 0 }, env: { EMPTY: '', LEVEL: 'info' } }, plain: {} },
  });
});

test('answers that mean something are kept: false, zero, an empty entry of a map', () => {
  const given = { team: 'shop', self_hosted_runners: false, environments: { dev: { project: 'p' } }, services: { batch: {} } };
  assert.deepEqual(requestFrom(given), given);
});

test('two of one name are refused, not merged', () => {
  const environments = [{ name: 'dev', project: 'a' }, { name: 'dev', project: 'b' }];
  assert.throws(() => requestFrom({ ...ANSWERS, environments }), /environments: two are called 'dev'/);
});

test('a name that is special to JavaScript stays a name', () => {
  const request = requestFrom({ ...ANSWERS, services: [{ name: '__proto__', port: 1 }] });
  assert.deepEqual(JSON.stringify(request.services), '{"__proto__":{"port":1}}');
});

for (const team of ['../../etc/cron.d/x', 'Shop', '', undefined, 'a/b', 'shop\n']) {
  test(`a team called ${JSON.stringify(team)} names no file`, () => {
    assert.throws(() => requestFrom({ ...ANSWERS, team }), /team: found/);
  });
}
