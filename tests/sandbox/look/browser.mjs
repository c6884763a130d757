// Opens the pages in Chromium and prints what it saw as JSON.
// usage: node browser.mjs CHROMIUM ADDRESS PROJECT [SCREENSHOT]
import { createRequire } from "node:module";

import { contrast } from "./contrast.mjs";

const [chromium, address, project, screenshot] = process.argv.slice(2);
const { chromium: engine } = createRequire(import.meta.url)(process.env.PLAYWRIGHT_CORE);

const browser = await engine.launch({ executablePath: chromium, args: ["--no-sandbox", "--no-proxy-server"] });
const seen = { console: [], foreign: [], wide: [], faint: [], schemes: [] };
const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
const page = await context.newPage();
page.on("console", (message) => seen.console.push(message.text()));
page.on("pageerror", (error) => seen.console.push(String(error)));
const home = new URL(address).origin;
page.on("request", (request) => {
  if (!request.url().startsWith(home)) seen.foreign.push(request.url());
});

await page.goto(address);
seen.entered = page.url() === `${home}/look/`;
const places = ["", `project?id=${project}`, "repositories", "requests", "controls"];
for (const scheme of ["light", "dark"]) {
  await page.emulateMedia({ colorScheme: scheme });
  for (const place of places) {
    for (const width of [375, 1280]) {
      await page.setViewportSize({ width, height: 860 });
      await page.goto(`${home}/look/${place}`);
      const reach = await page.evaluate(() => document.documentElement.scrollWidth);
      if (reach > width) seen.wide.push(`${place} at ${width}: ${reach}`);
    }
    seen.faint.push(...(await page.evaluate(contrast)));
  }
  seen.schemes.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
}

// By keyboard alone: into the content, and a request opened.
await page.emulateMedia({ colorScheme: "light" });
await page.goto(`${home}/look/requests?method=GET`);
await page.keyboard.press("Tab");
seen.skip = await page.evaluate(() => document.activeElement.textContent);
await page.locator("details.request summary").first().focus();
await page.keyboard.press("Enter");
seen.opened = await page.locator("details.request[open] pre").first().textContent();

await page.goto(`${home}/look/controls`);
await page.getByLabel("Method").fill("storage.objects.*");
await page.getByLabel("What").selectOption("reset");
await page.getByRole("button", { name: "Add fault" }).click();
seen.fault = await page.getByRole("row").nth(1).textContent();
await page.getByRole("button", { name: "Remove the fault on storage.objects.*" }).click();
seen.removed = await page.getByText("Nothing goes wrong on purpose.").isVisible();

if (screenshot) {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${home}/look/project?id=${project}`);
  await page.screenshot({ path: screenshot });
}
await browser.close();
console.log(JSON.stringify(seen));
