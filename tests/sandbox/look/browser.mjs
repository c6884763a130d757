// Opens the pages in Chromium and prints what it saw as JSON.
// usage: node browser.mjs CHROMIUM ADDRESS PROJECT [SCREENSHOT]
import { createRequire } from "node:module";

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

// The least contrast of a text against what is behind it (WCAG 2.2, 1.4.3).
const contrast = () => {
  const numbers = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const light = (text) => {
    const [r, g, b] = numbers(text).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const [one, other] = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) faint.push(`${node.tagName} ${node.className} ${ratio.toFixed(2)}`);
  }
  return faint;
};

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
