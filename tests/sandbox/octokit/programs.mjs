// What octokit does against a sandbox, one scene per run: `node programs.mjs SCENE`. Prints one JSON document.
import { createHmac } from 'node:crypto';
import { App, Octokit, RequestError } from 'octokit';

const seen = [];
// The plugin waits a second between writes and three after a notification: only its own scene needs that.
const throttle = {
  enabled: process.argv[2] === 'throttled',
  onRateLimit: (wait, options) => { seen.push(['primary', options.url]); return false; },
  onSecondaryRateLimit: (wait, options) => { seen.push(['secondary', wait > 0]); return false; },
};
const octokit = new Octokit({ auth: process.env.GITHUB_TOKEN, throttle });
const status = (error) => (error instanceof RequestError ? [error.status, error.response.data.message] : String(error));

const scenes = {
  async repository() {
    const { data } = await octokit.rest.repos.createInOrg({ org: 'acme', name: 'model', private: true });
    const content = Buffer.from('hello').toString('base64');
    const where = { owner: 'acme', repo: 'model' };
    await octokit.rest.repos.createOrUpdateFileContents({ ...where, path: 'a.txt', message: 'first', content });
    const { data: file } = await octokit.rest.repos.getContent({ ...where, path: 'a.txt' });
    const again = await octokit.rest.repos.createInOrg({ org: 'acme', name: 'model' }).catch(status);
    const { data: gone } = await octokit.rest.repos.get({ owner: 'acme', repo: 'none' }).catch((e) => ({ data: status(e) }));
    return { name: data.full_name, text: Buffer.from(file.content, 'base64').toString(), again, gone };
  },
  async pages() {
    const where = { owner: 'acme', repo: 'model' };
    const { data } = await octokit.rest.git.getRef({ ...where, ref: 'heads/main' });
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      await octokit.rest.git.createRef({ ...where, ref: `refs/heads/${name}`, sha: data.object.sha });
    }
    const rows = await octokit.paginate(octokit.rest.repos.listBranches, { ...where, per_page: 2 });
    return rows.map((row) => row.name);
  },
  async conditional() {
    const where = { owner: 'acme', repo: 'model' };
    const { headers } = await octokit.rest.repos.get(where);
    const again = await octokit.rest.repos.get({ ...where, headers: { 'if-none-match': headers.etag } }).catch((e) => e.status);
    return { again, counted: headers['x-ratelimit-resource'] };
  },
  async throttled() {
    const where = { owner: 'acme', repo: 'model' };
    await octokit.rest.repos.get(where);
    const refused = await octokit.rest.repos.get(where).catch(status);
    return { refused, seen };
  },
  async retried() {
    const { status: said } = await octokit.rest.orgs.get({ org: 'acme' });
    return { said };
  },
  async app() {
    const app = new App({ appId: process.env.APP_ID, privateKey: process.env.APP_KEY, webhooks: { secret: 'known' } });
    const { data } = await app.octokit.rest.apps.getAuthenticated();
    const names = [];
    await app.eachRepository(({ repository }) => { names.push(repository.full_name); });
    const payload = JSON.stringify({ action: 'opened' });
    const digest = createHmac('sha256', 'known').update(payload).digest('hex');
    return { slug: data.slug, names, verified: await app.webhooks.verify(payload, `sha256=${digest}`) };
  },
  async review() {
    const where = { owner: 'acme', repo: 'model' };
    const { data: tip } = await octokit.rest.git.getRef({ ...where, ref: 'heads/one' });
    const content = Buffer.from('more').toString('base64');
    await octokit.rest.repos.createOrUpdateFileContents({ ...where, path: 'b.txt', message: 'b', content, branch: 'one' });
    const { data: pull } = await octokit.rest.pulls.create({ ...where, title: 'b', head: 'one', base: 'main' });
    const own = await octokit.rest.pulls.createReview({ ...where, pull_number: pull.number, event: 'APPROVE' }).catch(status);
    const merged = await octokit.rest.pulls.merge({ ...where, pull_number: pull.number, merge_method: 'squash' });
    return { from: tip.ref, own, merged: merged.data.merged };
  },
};

console.log(JSON.stringify(await scenes[process.argv[2]]()));
