import { appendText } from '../common/files.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { renderAnnotations, renderStepSummary } from '../reports/github.js';
import type { CommandContext } from './context.js';
import { printCommands } from './terminal.js';

/** Annotations on stdout, where GitHub Actions looks for them; the summary in the file it names, if it does. */
export function writeGithub(verdicts: Verdicts, title: string, { out, env }: CommandContext): void {
  printCommands(renderAnnotations(verdicts));
  const summary = renderStepSummary(verdicts, title);
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') {
    out.write(summary);
    return;
  }
  appendText(file, `${summary}\n`, { what: 'the step summary cannot be written' });
}
