'use strict';
// The actions `provision-env:up` and `provision-env:plan`, apart from Backstage: a list of what
// `createTemplateAction` takes.
const { mkdir, writeFile } = require('node:fs/promises');
const path = require('node:path');

const { RunFailed, run } = require('./program.cjs');
const { requestFrom } = require('./request.cjs');
const { lineOf, outputsOfPlan, outputsOfUp } = require('./results.cjs');

const FOLDER = 'provision-env';
const NOBODY = 'backstage'; // who asked, where a program and no person started the task

const INPUT = {
  request: (z) => z.record(z.unknown()).describe('The answers of the form, or a request as teams/<team>.yaml has it'),
};
const PLANNED = {
  summary: (z) => z.string().describe('What would change, in Markdown'),
  changed: (z) => z.boolean().describe('Whether anything would change'),
  entityRef: (z) => z.string().describe("The repository's entity in the catalog"),
  requestFile: (z) => z.string().describe('The request in the workspace, for a step that proposes it elsewhere'),
};
const MADE = {
  ...PLANNED,
  changed: (z) => z.boolean().optional().describe('In a dry run: whether anything would change'),
  summary: (z) => z.string().describe('What was made, in Markdown'),
  run: (z) => z.string().optional().describe("The run's id, for provision-env runs show"),
  repositoryUrl: (z) => z.string().optional().describe("The repository's page"),
  cloneUrl: (z) => z.string().optional().describe("The repository's address for git"),
  catalogInfoUrl: (z) => z.string().optional().describe("The repository's catalog-info.yaml, for catalog:register"),
};

/**
 * Return the actions.
 *
 * @param {ReturnType<import('./settings.cjs').settingsFrom>} settings
 */
function actions(settings) {
  return [
    {
      id: 'provision-env:up',
      description: "Makes a team's environments and repository what its request says",
      supportsDryRun: true,
      schema: { input: INPUT, output: MADE },
      handler: (ctx) => (ctx.isDryRun ? plan(settings, ctx) : up(settings, ctx)),
    },
    {
      id: 'provision-env:plan',
      description: "Shows what a team's request would change; makes nothing",
      supportsDryRun: true,
      schema: { input: INPUT, output: PLANNED },
      handler: (ctx) => plan(settings, ctx),
    },
  ];
}

async function up(settings, ctx) {
  const file = await written(ctx);
  // A retry keeps the task's id. Where this step had ended its result is taken; where it had not, the same request
  // makes the program go on with its unfinished run.
  const outputs = await ctx.checkpoint({
    key: 'up',
    fn: async () => outputsOfUp(await called(settings, ctx, ['up', file, '--yes'])),
  });
  handOver(ctx, { ...outputs, requestFile: file });
}

async function plan(settings, ctx) {
  const file = await written(ctx);
  try {
    handOver(ctx, { ...outputsOfPlan(await called(settings, ctx, ['plan', file])), requestFile: file });
  } catch (error) {
    if (error.document?.roots) ctx.logger.info(outputsOfPlan(error.document).summary); // what the rules refuse, too
    throw error;
  }
}

/** Write the request into the task's workspace; returns the path from there. */
async function written(ctx) {
  const request = requestFrom(ctx.input.request);
  const file = path.join(FOLDER, `${request.team}.yaml`);
  await mkdir(path.join(ctx.workspacePath, FOLDER), { recursive: true });
  const text = JSON.stringify(request, null, 2); // JSON is YAML, and quotes every text
  await writeFile(path.join(ctx.workspacePath, file), `${text}\n`, { mode: 0o600 });
  return file;
}

async function called(settings, ctx, args) {
  const conceal = (text) => settings.secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text);
  const told = (report) => {
    const { level, text } = lineOf(report);
    ctx.logger[level](conceal(text));
  };
  const fixed = ['--platform', settings.platform, settings.place, '--progress', 'json', '--output', 'json'];
  const task = { cwd: ctx.workspacePath, user: ctx.user?.ref ?? NOBODY, signal: ctx.signal, told };
  try {
    return await run(settings, [...args, ...fixed], task);
  } catch (error) {
    throw new RunFailed(conceal(error.message), error); // a new one: the old one's stack repeats the old words
  }
}

function handOver(ctx, outputs) {
  for (const [name, value] of Object.entries(outputs)) ctx.output(name, value);
}

module.exports = { actions };
