import { Component, type ComponentChildren, type ComponentType } from 'preact';

/**
 * A part that is drawn anew only when something it is given has changed. What was drawn must not be kept in a memo
 * instead: it leads to all that was drawn around it at the time, which then stays, too.
 */
export function unlessSame<Props extends object>(
  draw: (props: Props) => ComponentChildren,
): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return (Object.keys(next) as (keyof Props)[]).some((name) => !isSame(this.props[name], next[name]));
    }

    override render(props: Props): ComponentChildren {
      return draw(props);
    }
  };
}

/** Lists are the same when all that they hold is. */
function isSame(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
