// The texts of a page with less contrast than 4.5 against what is behind them (WCAG 2.2, 1.4.3), each with its ratio.
// Runs inside the page: it may use nothing from outside itself.
export const contrast = () => {
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
  // A text of a drawing stands on the rectangle of its group.
  const colours = (node) => {
    const box = node instanceof SVGElement ? node.parentElement.querySelector("rect") : null;
    if (!box) return [getComputedStyle(node).color, behind(node)];
    return [getComputedStyle(node).fill, getComputedStyle(box).fill];
  };
  const faint = [];
  for (const node of document.body.querySelectorAll("*:not(title)")) {
    const own = [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const [one, other] = colours(node).map(light).sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) faint.push(`${node.tagName} ${node.getAttribute("class") ?? ""} ${ratio.toFixed(2)}`);
  }
  return faint;
};
