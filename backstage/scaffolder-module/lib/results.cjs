'use strict';
// What a finished run means to the task: its outputs, and a summary in Markdown for the task's page.

/** Return the outputs of a finished `up`. */
function outputsOfUp(document) {
  const { repository, team } = document;
  return {
    run: document.run,
    repositoryUrl: repository.html_url,
    cloneUrl: repository.clone_url,
    catalogInfoUrl: `${repository.html_url}/blob/${repository.default_branch}/catalog-info.yaml`,
    entityRef: `component:default/${team}`,
    summary: [
      `**${team}** is up: ${repository.html_url}`,
      '',
      '| environment | project | service | bucket |',
      '|---|---|---|---|',
      ...Object.entries(document.outputs).flatMap(([root, output]) => row(root.slice(team.length + 1), output)),
      '',
      ...Object.entries(document.changes).map(([root, counts]) => `* ${root}: ${counted(counts)}`),
      `* access: ${document.access.summary}`,
    ].join('\n'),
  };
}

function row(name, { environment }) {
  if (!environment) return []; // a root that only links environments
  const services = Object.values(environment.services).map(({ name, uri }) => (uri ? `[${name}](${uri})` : name));
  const cells = [environment.project_id, services.join(', ') || '-', Object.values(environment.buckets).join(', ') || '-'];
  return [`| ${name} | ${cells.join(' | ')} |`];
}

function counted(counts) {
  const said = Object.entries(counts).filter(([, number]) => number > 0);
  return said.map(([what, number]) => `${number} to ${what}`).join(', ') || 'no changes';
}

/** Return the outputs of a finished `plan`. */
function outputsOfPlan(document) {
  const roots = document.roots.map((root) => `* ${root.root}: ${root.empty ? 'no changes' : root.summary}`);
  const refused = document.roots.flatMap((root) => root.verdict.findings.filter(({ blocks }) => blocks).map(finding));
  const { gained = [], lost = [] } = document.access ?? {};
  const access = [...gained.map((each) => `* gained: ${each}`), ...lost.map((each) => `* lost: ${each}`)];
  return {
    changed: document.roots.some(({ empty }) => !empty),
    entityRef: `component:default/${document.team}`,
    summary: [
      `What **${document.team}** would change:`,
      '',
      ...roots,
      ...(refused.length ? ['', 'The rules refuse:', '', ...refused] : []),
      ...(access.length ? ['', 'Who would reach or may do what:', '', ...access] : []),
    ].join('\n'),
  };
}

function finding({ rule, resource, reason, fix }) {
  return `* ${rule} ${resource}: ${reason}${fix ? ` (${fix})` : ''}`;
}

const MARKS = { done: '✓', failed: '✗', note: '·', started: '…' };

/** Return a line for the task's log, and how loud it is, from a report of the program. */
function lineOf(report) {
  if (typeof report === 'string') return { level: 'info', text: report };
  if (!report.step) return { level: 'info', text: report.detail ?? JSON.stringify(report) };
  const took = report.seconds === undefined ? '' : `${report.seconds.toFixed(1)}s`;
  const parts = [MARKS[report.status] ?? '·', report.step, report.root, took, report.detail];
  const level = { failed: 'error', started: 'debug' }[report.status] ?? 'info';
  return { level, text: parts.filter(Boolean).join(' ') };
}

module.exports = { lineOf, outputsOfPlan, outputsOfUp };
