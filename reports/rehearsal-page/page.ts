import { packageInfo } from '../../common/paths.js';
import { visible } from '../../common/visible.js';
import type { FaultResult, Rehearsal, WindowResult } from '../../migration/rehearsal/model.js';
import { formatCount } from '../format.js';
import { styleOf, templateOf, withTexts } from '../page-template.js';
import { chartOf } from './chart.js';
import { lossWords } from './words.js';

const MOST_LOST = 200;

/**
 * A rehearsal as one HTML file: no network, no script, readable on a phone and on paper. Texts of data and engines are
 * escaped, control characters shown as pictures.
 */
export function renderRehearsalPage(rehearsal: Rehearsal): string {
  const { name, answer, state, sides, data, windows, faults, lost, timeline, seed } = rehearsal;
  return templateOf('rehearsal-page/assets/page.hbs')({
    style: styleOf('migration-page/assets/page.css', 'rehearsal-page/assets/page.css'),
    ...withTexts(
      {
        title: `Rehearsal of ${name}`,
        answer,
        kind: state === 'safe' ? 'good' : 'bad',
        source: `${sides.source.engine} ${sides.source.version}`,
        target: `${sides.target.engine} ${sides.target.version}`,
        data: data.from,
        traffic: rehearsal.traffic.from,
        leftOut: data.leftOut,
        lost: lost.slice(0, MOST_LOST).map((each) => ({ ...each, what: lossWords({ [each.kind]: 1 }) })),
        moreLost: lost.length > MOST_LOST ? formatCount(lost.length - MOST_LOST) : undefined,
        chart: chartOf(rehearsal),
        windows: windows.map(windowView),
        faults: faults.map(faultView),
        figures: figuresOf(rehearsal),
        events: timeline.map((each) => ({ ...each, second: (each.at / 1000).toFixed(1) })),
        footer: `vecproof ${packageInfo().version}, ${rehearsal.startedAt}, ${rehearsal.seconds} s, seed ${seed}; rehearsal.json beside this page holds all of it`,
      },
      visible,
    ),
  });
}

function windowView(window: WindowResult) {
  const { ifCutOver, ifBack, seconds, exit } = window;
  const isOpen = exit.state === 'open';
  return {
    ...window,
    kind: isOpen ? 'good' : 'bad',
    sign: isOpen ? '✓' : '✗',
    seconds: seconds.toFixed(1),
    loses: Object.keys(ifCutOver).length > 0,
    losesBack: Object.keys(ifBack).length > 0,
    ifCutOver: lossWords(ifCutOver),
    ifBack: lossWords(ifBack),
    back: `To go back: ${window.back}`,
  };
}

function faultView(fault: FaultResult) {
  const { state, wouldHaveLost, after } = fault;
  return {
    ...fault,
    caught: state === 'caught',
    wouldHaveLost: wouldHaveLost === undefined ? 'not measured' : lossWords(wouldHaveLost),
    lostAfter: Object.keys(after).length > 0,
    after: lossWords(after),
  };
}

function figuresOf({ traffic, data }: Rehearsal) {
  const { written, unknown, read, failedReads, answeredBy, stale, deletedServed, stalest } = traffic;
  return [
    { term: 'rows at first', value: formatCount(data.points) },
    {
      term: 'writes acknowledged',
      value: formatCount(written),
      detail: `${formatCount(traffic.writesPerSecond)} a second wanted, vectors ${formatCount(traffic.embeddingLag)} ms behind their texts`,
    },
    {
      term: 'without an answer',
      value: formatCount(unknown),
      detail: 'may have happened or not, on both sides alike',
    },
    {
      term: 'reads',
      value: formatCount(read),
      detail: `${formatCount(answeredBy.target)} answered by the target, ${formatCount(failedReads)} failed`,
    },
    {
      term: 'older states served',
      value: formatCount(stale.target + stale.source),
      detail: `of the target ${formatCount(stale.target)}, the oldest ${formatCount(stalest.target)} ms behind`,
    },
    {
      term: 'deleted rows served',
      value: formatCount(deletedServed.target + deletedServed.source),
      detail: 'before the target had heard of the deletion',
    },
  ];
}
