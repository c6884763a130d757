// Opens a page from a file in Chromium and prints what it saw as JSON.
// usage: node browser.mjs CHROMIUM FILE [SCREENSHOT]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { contrast } from "../sandbox/look/contrast.mjs";

const [chromium, file, screenshot] = process.argv.slice(2);
const { chromium: engine } = createRequire(import.meta.url)(process.env.PLAYWRIGHT_CORE);

const browser = await engine.launch({ executablePath: chromium, args: ["--no-sandbox", "--no-proxy-server"] });
const seen = { console: [], foreign: [], wide: [], faint: [], schemes: [] };
const page = await browser.newPage();
const address = pathToFileURL(file).href;
page.on("console", (message) => seen.console.push(message.text()));
page.on("pageerror", (error) => seen.console.push(String(error)));
page.on("dialog", (dialog) => {
  seen.console.push(`dialog: ${dialog.message()}`);
  return dialog.dismiss();
});
page.on("request", (request) => {
  if (request.url().split("#")[0] !== address) seen.foreign.push(request.url());
});

for (const scheme of ["light", "dark"]) {
  await page.emulateMedia({ colorScheme: scheme });
  for (const width of [375, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(address);
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
    const reach = await page.evaluate(() => document.documentElement.scrollWidth);
    if (reach > width) seen.wide.push(`${scheme} at ${width}: ${reach}`);
    seen.faint.push(...(await page.evaluate(contrast)));
  }
  seen.schemes.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
}

// By keyboard alone: past the links to the content, and a list opened.
await page.emulateMedia({ colorScheme: "light" });
await page.goto(address);
await page.keyboard.press("Tab");
seen.skip = await page.evaluate(() => document.activeElement.textContent);
await page.keyboard.press("Enter");
seen.skipped = await page.evaluate(() => document.activeElement.id);
await page.reload();
await page.locator("summary").first().focus();
await page.keyboard.press("Enter");
seen.opened = await page.locator("details[open]").first().textContent();
const focusable = "a[href], summary, [tabindex='0']";
seen.reachable = await page.locator(focusable).count();
seen.headings = await page.locator("h1, h2").allTextContents();
seen.images = await page.locator("img, script, iframe, object, link").count();

if (screenshot) {
  await page.setViewportSize({ width: 1120, height: 1180 });
  await page.goto(address);
  await page.screenshot({ path: screenshot });
}
console.log(JSON.stringify(seen));
await browser.close();
