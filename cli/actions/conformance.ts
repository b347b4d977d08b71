import { EXIT, type ExitCode } from '../../common/errors.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { type ConformanceOptions, conformance } from '../../harness/app/conformance.js';
import type { CheckResult } from '../../harness/conformance/runner.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';

/** `vecproof conformance`: the checks as they end, what the engine can do, and how many checks it passed. */
export async function conformanceCommand(
  target: string,
  { json = false, ...options }: Omit<ConformanceOptions, 'onResult'> & { json?: boolean | undefined },
  context: CommandContext,
): Promise<ExitCode> {
  const onResult = (result: CheckResult) => context[json ? 'err' : 'out'].write(`${lineOf(result)}\n`);
  const { definition, checks } = await conformance(target, { ...options, onResult }, context);
  const count = (state: CheckResult['state']) => checks.filter((check) => check.state === state).length;
  const failed = count('failed');
  if (json) {
    const { name, title, capabilities } = definition;
    printJson(context.out, { engine: name, title, capabilities, checks }, 2);
  } else {
    const counts = `${count('passed')} passed, ${failed} failed, ${count('skipped')} do not apply`;
    context.out.write(`\n${table(rowsOf(definition.capabilities))}\n${definition.title}: ${counts}\n`);
  }
  return failed > 0 ? EXIT.gateFailed : EXIT.passed;
}

const WORDS = { passed: 'passed ', failed: 'FAILED ', skipped: 'skipped' } as const;

function lineOf(check: CheckResult): string {
  const name = [...check.path, check.title].join(': ');
  const took = check.state === 'skipped' ? '' : ` (${check.seconds.toFixed(1)} s)`;
  const error = check.state === 'failed' ? `\n        ${check.error.replaceAll('\n', '\n        ')}` : '';
  return `${WORDS[check.state]} ${name}${took}${error}`;
}

function rowsOf(capabilities: Capabilities): Record<string, string>[] {
  const { metrics, indexTypes, filters, idKinds, scores, maxDimensions } = capabilities;
  const pairs = (map: object) =>
    Object.entries(map).map(([key, value]) => `${key}: ${[value].flat().join(', ')}`);
  const values: Record<string, string> = {
    metrics: metrics.join(', '),
    'index types': pairs(indexTypes).join('; '),
    scores: pairs(scores).join('; '),
    filters: Object.keys(filters.operators).join(', ') || 'none',
    'whole points': capabilities.points === null ? 'none' : 'kept',
    ids: idKinds.join(', '),
    'most dimensions': maxDimensions === null ? 'no documented limit' : String(maxDimensions),
    'build is deterministic': capabilities.deterministicBuild,
    execution: capabilities.execution,
    'prepared searches': capabilities.preparedSearches,
    'several threads': capabilities.shares === true ? 'yes' : 'no',
  };
  return Object.entries(values).map(([capability, value]) => ({ capability, value }));
}
