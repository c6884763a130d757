'use strict';
// From the answers of the form to a request as teams/<team>.yaml has it.

const TEAM = /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/;
const NAMED = new Set(['environments', 'services', 'buckets', 'registries']);

/**
 * Return the request that a form's answers ask for.
 *
 * Lists of the form whose entries carry a name become maps, in the same order. What was not answered is left out, so
 * that the toolkit's own defaults hold. A request in the form of a file passes unchanged.
 *
 * @param {Record<string, unknown>} answers
 * @returns {Record<string, unknown>}
 */
function requestFrom(answers) {
  if (!TEAM.test(String(answers.team ?? ''))) {
    throw new Error(
      `team: found '${answers.team ?? ''}'; write 2-30 lower-case letters, digits and hyphens, a letter first`,
    );
  }
  const entries = Object.entries(answers).map(([name, value]) =>
    NAMED.has(name) ? [name, collection(name, value)] : [name, answered(value, name)],
  );
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function collection(name, value) {
  const named = Array.isArray(value) ? value.map(({ name: own, ...rest }) => [own, rest]) : Object.entries(value ?? {});
  const names = named.map(([own]) => own);
  const twice = names.find((own, index) => names.indexOf(own) !== index);
  if (twice !== undefined) throw new Error(`${name}: two are called '${twice}'; give each its own name`);
  const entries = named.map(([own, rest]) => [own, answered(rest) ?? {}]);
  return entries.length ? Object.fromEntries(entries) : undefined;
}

/** Return a value without what a form sends for a question that nobody answered; undefined when nothing is left. */
function answered(value, name = '') {
  if (Array.isArray(value)) {
    const kept = value.map((each) => answered(each)).filter((each) => each !== undefined);
    return kept.length ? kept : undefined;
  }
  if (value && typeof value === 'object') {
    // A variable may well be empty, and a budget is an amount: its currency alone is the form's default.
    if (name === 'env') return Object.keys(value).length ? value : undefined;
    if (name === 'budget' && typeof value.amount !== 'number') return undefined;
    const kept = Object.entries(value).map(([key, each]) => [key, answered(each, key)]);
    const said = kept.filter(([, each]) => each !== undefined);
    return said.length ? Object.fromEntries(said) : undefined;
  }
  return value === null || value === '' ? undefined : value;
}

module.exports = { requestFrom };
