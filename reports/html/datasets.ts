import { createHash } from 'node:crypto';
import type { DatasetsResults } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { formatCount } from '../format.js';
import { gateSentence, labelOf, markOf } from '../gates.js';
import { richText } from '../model/answer.js';
import type { ReportModel } from '../model/types.js';
import { asset, styleOf, templateOf } from '../page-template.js';
import { renderHtml } from './html.js';

export interface DatasetsReport {
  results: DatasetsResults;
  parts: readonly { name: string; model: ReportModel }[];
  verdicts: Verdicts | undefined;
}

/**
 * One file for a run over several datasets: what each says in a sentence, all gates, and a switch between the whole
 * reports, each a document of its own inside the page. Like those it needs no network, and no script to be read.
 */
export function renderDatasetsHtml({ results, parts, verdicts }: DatasetsReport): string {
  const { run } = results;
  return templateOf('html/assets/datasets.hbs')({
    title: `${run.suite} on ${parts.map(({ name }) => name).join(', ')}`,
    style: styleOf('html/assets/datasets.css') + switchCss(parts.length),
    // The pages inside are under this page's policy, too.
    scriptHash: createHash('sha256').update(asset('html/assets/script.js')).digest('base64'),
    state: run.state === 'completed' ? undefined : run.state,
    gates: verdicts && {
      sentence: gateSentence(verdicts),
      rows: verdicts.verdicts.map((each) => ({
        ...each,
        label: labelOf(each),
        mark: markOf(each, verdicts.inconclusive),
      })),
    },
    parts: parts.map(({ name, model }, i) => ({ name, number: i, checked: i === 0, ...partView(model) })),
    command: run.command,
    footer: `vecproof ${run.vecproof}, run ${run.id}`,
  });
}

/** What a page of several reports says of one of them, and the report itself. */
export function partView(model: ReportModel) {
  const { dataset, queries } = model.results;
  const choice = model.choices.find(({ key }) => key === model.defaultChoice)!;
  return {
    data: `${formatCount(dataset.count)} × ${dataset.dimensions}, ${dataset.metric}`,
    queries: formatCount(queries.count),
    answer: richText(choice.answer),
    cautions: model.cautions,
    page: renderHtml(model, { embedded: true }),
  };
}

/** Which page is shown follows the switch without a script. */
export function switchCss(count: number): string {
  const rules = Array.from(
    { length: count },
    (_, i) => `:root:has(#dataset-${i}:checked) .page-${i}{display:block}`,
  );
  return `${rules.join('\n')}\n`;
}
