import { type Command, InvalidArgumentError } from 'commander';
import { secondsOf } from '../../harness/run/executors/durations.js';
import { homeOption, type Run } from '../options.js';

/** Seconds. */
function duration(text: string): number {
  const value = secondsOf(text) ?? Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a duration such as 60s, 5m or 1h.');
  return value;
}

function anyPort(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('must be a port from 0 to 65535.');
  return value;
}

export function register(program: Command, run: Run): void {
  program
    .command('monitor')
    .description(
      'watch source and target of a plan: overlap, empty answers, leaks, deleted points, scores, lag, latency; alerts when a verdict changes',
    )
    .argument('<plan>', 'YAML file')
    .option('--once', 'one round')
    .option(
      '--every <duration>',
      'from the start of a round to that of the next (default: the plan’s)',
      duration,
    )
    .option('--for <duration>', 'end after so long', duration)
    .option(
      '--port <port>',
      'serve page, Prometheus metrics and the endpoint for signals on 127.0.0.1 (0: any free port)',
      anyPort,
    )
    .option('--replay <alert>', 'ask both sides again what an alert (or a query) is about')
    .option('--json', 'print where it stands as JSON, after each round one line')
    .addOption(homeOption())
    .action((plan: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/monitor.js')).monitorCommand(plan, options, context),
      ),
    );
}
