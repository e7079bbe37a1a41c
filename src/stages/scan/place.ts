import type { Box } from '../../processor/words.js';
import type { Area, Picture } from './picture.js';
import type { Lie } from './prepare.js';
import { sizeAfter, turnedArea, type QuarterTurns } from './turns.js';

/**
 * Maps areas of the picture that was read to where they lie on the page as it was drawn. What was skewed gets
 * the box round it.
 *
 * @param picture - the prepared one
 * @param turns - by which it was turned once more to be read
 */
export function onPage(
  { width, height }: Pick<Picture, 'width' | 'height'>,
  { turns: turned, skew }: Lie,
  turns: QuarterTurns,
): (area: Area) => Box {
  const read = sizeAfter(turns, { width, height });
  const drawn = sizeAfter(turned, { width, height });
  return (area) => {
    const prepared = turnedArea(back(turns), read, area);
    const { left, top, right, bottom } = turnedArea(back(turned), { width, height }, askew(prepared));
    return {
      left: left / drawn.width,
      top: top / drawn.height,
      right: right / drawn.width,
      bottom: bottom / drawn.height,
    };
  };

  function askew(area: Area): Area {
    if (skew === 0) return area;
    const [cos, sin] = [Math.cos((skew * Math.PI) / 180), Math.sin((skew * Math.PI) / 180)];
    const corners = [area.left, area.right].flatMap((right) =>
      [area.top, area.bottom].map((down) => [right - width / 2, down - height / 2] as const),
    );
    const x = corners.map(([right, down]) => right * cos - down * sin + width / 2);
    const y = corners.map(([right, down]) => right * sin + down * cos + height / 2);
    return { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
  }
}

function back(turns: QuarterTurns): QuarterTurns {
  return ((4 - turns) % 4) as QuarterTurns;
}
