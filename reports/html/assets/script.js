(() => {
  const $ = (id) => document.getElementById(id);
  const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
  const table = $('all');
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const data = JSON.parse($('data').textContent);
  const lines = new Map(rows.map((row, i) => [row, data.rows[i]]));
  const text = $('filter-text');
  const series = $('filter-series');
  const shown = $('shown');
  const copy = $('copy');
  document.querySelector('.tools').hidden = false;

  // Filter: every word must occur in the row.
  const haystack = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const match =
        (!series.value || row.dataset.series === series.value) &&
        words.every((word) => haystack.get(row).includes(word));
      row.hidden = !match;
      if (match) count++;
    }
    shown.textContent =
      count === rows.length ? plural(count, 'trial') : `${count} of ${plural(rows.length, 'trial')}`;
  };
  text.addEventListener('input', filter);
  series.addEventListener('change', filter);

  // Sort: a button in each head; rows without a figure stay at the end.
  const collator = new Intl.Collator('en', { numeric: true });
  const keyOf = (row, column, numeric) => {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent.trim();
    return cell.dataset.sort === undefined ? undefined : Number(cell.dataset.sort);
  };
  const sort = (head, column) => {
    const numeric = head.dataset.key === 'number';
    const current = head.getAttribute('aria-sort');
    const first = head.dataset.first || 'ascending';
    const second = first === 'ascending' ? 'descending' : 'ascending';
    const order = current === first ? second : first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', order);
    const sign = order === 'ascending' ? 1 : -1;
    const keyed = [...body.rows].map((row) => ({ row, key: keyOf(row, column, numeric) }));
    keyed.sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return (a.key === undefined ? 1 : 0) - (b.key === undefined ? 1 : 0);
      }
      return sign * (numeric ? a.key - b.key : collator.compare(a.key, b.key));
    });
    body.append(...keyed.map(({ row }) => row));
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => sort(head, column));
  });

  // Copy what is shown, in the order shown.
  const byHand = (csv) => {
    const area = document.createElement('textarea');
    area.value = csv;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) throw new Error('copying was refused');
  };
  copy.addEventListener('click', async () => {
    const visible = [...body.rows].filter((row) => !row.hidden).map((row) => lines.get(row));
    const csv = `${[data.header, ...visible].join('\n')}\n`;
    try {
      await navigator.clipboard.writeText(csv).catch(() => byHand(csv));
      shown.textContent = `${plural(visible.length, 'row')} copied`;
    } catch {
      shown.textContent = 'The browser did not allow copying';
    }
  });

  // A link to a trial must find its row even if a filter hides it.
  const reveal = () => {
    const row = location.hash.startsWith('#trial-') ? $(location.hash.slice(1)) : null;
    if (!row) return;
    if (row.hidden) {
      text.value = '';
      series.value = '';
      filter();
    }
    row.scrollIntoView({ block: 'center', inline: 'nearest' });
  };
  addEventListener('hashchange', reveal);
  reveal();

  // Tooltip: shows a mark's own title at once, and on touch.
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  const hide = () => {
    tip.hidden = true;
  };
  // The browser's own tooltip would show beside ours: the titles move into a map, which both sizes of a chart share.
  const tips = new Map();
  const keyOfMark = (mark) => `${mark.closest('figure').id} ${mark.getAttribute('href')}`;
  for (const mark of document.querySelectorAll('.mark a')) {
    const title = mark.querySelector('title');
    if (!title) continue;
    tips.set(keyOfMark(mark), title.textContent);
    mark.setAttribute('aria-label', title.textContent);
    title.remove();
  }
  const show = (mark) => {
    tip.textContent = tips.get(keyOfMark(mark)) || '';
    tip.hidden = false;
    const at = mark.getBoundingClientRect();
    const left = Math.min(
      Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2),
      innerWidth - tip.offsetWidth - 8,
    );
    const above = at.top - tip.offsetHeight - 10;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 8 ? at.bottom + 10 : above}px`;
  };
  for (const plot of document.querySelectorAll('svg.plot')) {
    const marks = [...plot.querySelectorAll('.mark a')];
    let current = -1;
    plot.setAttribute('tabindex', '0');
    plot.addEventListener('pointerover', (event) => {
      const mark = event.target.closest('.mark a');
      if (mark) show(mark);
      else hide();
    });
    plot.addEventListener('pointerleave', hide);
    plot.addEventListener('blur', hide);
    plot.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        current = (current + step + marks.length) % marks.length;
        show(marks[current]);
        event.preventDefault();
      } else if (event.key === 'Enter' && current >= 0) location.hash = marks[current].getAttribute('href');
      else if (event.key === 'Escape') hide();
    });
  }
  addEventListener('scroll', hide, { passive: true });
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('#cost > details, #problems details, #method details'))
      details.open = true;
  });
})();
