'use strict';
// Starts the program, follows its progress line by line, and ends it gently when the task is cancelled.
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');

const MOST_OUTPUT = 64 * 1024 * 1024;
const LAST_LINES = 20;

/** A run that did not end well: `reasons` hold what was wrong, where, and what to do about it. */
class RunFailed extends Error {
  constructor(message, { code = null, cancelled = false, document } = {}) {
    super(message);
    this.name = 'RunFailed';
    this.code = code;
    this.cancelled = cancelled;
    this.document = document;
  }
}

/**
 * Run the program to its end and return the document on its standard output.
 *
 * @param {ReturnType<import('./settings.cjs').settingsFrom>} settings
 * @param {string[]} args the verb and what follows; no secret belongs here, every user of the machine sees it
 * @param {{cwd: string, user: string, signal?: AbortSignal, told: (line: object | string) => void}} task
 *   `user` is who is written down as asking; `told` gets every line of standard error: an object where it is JSON
 * @returns {Promise<object>} RunFailed when it cannot be started, fails, or is cancelled
 */
async function run(settings, args, task) {
  if (task.signal?.aborted) throw new RunFailed('cancelled before anything was started', { cancelled: true });
  const [command, ...first] = settings.command;
  const child = spawn(command, [...first, ...args], {
    cwd: task.cwd,
    env: { ...settings.environment, USER: task.user },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child, command);
  const release = endedByCancel(child, task.signal, settings.graceMs);
  try {
    const [output, lines, { code, killedBy }] = await Promise.all([all(child), follow(child, task.told), ended]);
    if (code === 0) return parsed(output) ?? unreadable(command);
    throw failure({ code, killedBy, output, lines, cancelled: task.signal?.aborted ?? false });
  } finally {
    release();
  }
}

function endOf(child, command) {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const fix = 'set provisionEnv.command in app-config.yaml, or install it for the user that runs the backend';
      reject(new RunFailed(`${command} cannot be started (${error.code ?? error.message}): ${fix}`));
    });
    child.once('close', (code, killedBy) => resolve({ code, killedBy }));
  });
}

/** Ask the program to stop as Ctrl-C does, and end it hard only after the grace: what it has under way finishes. */
function endedByCancel(child, signal, graceMs) {
  let timer;
  const asked = () => {
    child.kill('SIGINT');
    timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  signal?.addEventListener('abort', asked, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', asked);
  };
}

async function all(child) {
  const parts = [];
  let size = 0;
  for await (const part of child.stdout) {
    size += part.length;
    if (size <= MOST_OUTPUT) parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Hand on every line, and keep the last ones; the error, which comes last, is a document over several lines. */
async function follow(child, told) {
  const lines = [];
  for await (const line of createInterface({ input: child.stderr, crlfDelay: Infinity })) {
    if (lines.length || line === '{') {
      lines.push(line);
      continue;
    }
    told(parsed(line) ?? line);
  }
  return lines;
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(command) {
  throw new RunFailed(`${command} printed no JSON: is it provision-env? Look at provisionEnv.command and args`);
}

function failure({ code, killedBy, output, lines, cancelled }) {
  const told = parsed(lines.join('\n'))?.error;
  const message = told ? reasons(told) : [`ended with ${killedBy ?? code}`, ...lines.slice(-LAST_LINES)].join('\n');
  const first = cancelled ? 'cancelled; what was made stays, and a retry of this task goes on from there\n' : '';
  return new RunFailed(first + message, { code, cancelled, document: parsed(output) });
}

/** Return the problems one below the other, each with its place and its fix. */
function reasons(error) {
  const parts = error.problems?.length ? error.problems : [error];
  return parts.map(({ where, reason, fix }) => `${where ? `${where}: ` : ''}${reason}${fix ? `\n  ${fix}` : ''}`).join('\n');
}

module.exports = { RunFailed, run };
