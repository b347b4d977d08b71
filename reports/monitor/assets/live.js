// A round is over: the page is asked for again, and its parts are exchanged. Nothing of it is run.
const live = document.getElementById('live');
const update = async () => {
  const response = await fetch('/');
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), 'text/html');
  const open = new Set(
    [...document.querySelectorAll('details[open] > summary')].map((each) => each.textContent),
  );
  for (const part of ['header', 'main', 'footer']) {
    const [now, then] = [document.querySelector(`body > ${part}`), next.querySelector(`body > ${part}`)];
    if (part === 'header') then.querySelector('#live').replaceWith(live);
    now.replaceWith(then);
  }
  for (const summary of document.querySelectorAll('details > summary'))
    if (open.has(summary.textContent)) summary.parentElement.open = true;
  document.title = next.title;
};
const events = new EventSource('/events');
events.addEventListener('round', () => update().catch(() => {}));
events.addEventListener('open', () => {
  live.textContent = 'live';
  live.className = '';
  update().catch(() => {});
});
events.addEventListener('error', () => {
  live.textContent = 'not connected: this is what was known last';
  live.className = 'lost';
});
