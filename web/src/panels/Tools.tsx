import { Brush, Eraser, Hand, Lasso, MoveUpRight, Pentagon } from "lucide-react";
import { useText, type Key } from "../i18n";
import { Button } from "../parts/Button";
import { set, useFields, type Tool } from "../state/store";

const TOOLS: readonly { tool: Tool; icon: typeof Hand; key: string; name: Key }[] = [
  { tool: "point", icon: MoveUpRight, key: "P", name: "tool.point" },
  { tool: "brush", icon: Brush, key: "B", name: "tool.brush" },
  { tool: "eraser", icon: Eraser, key: "E", name: "tool.eraser" },
  { tool: "polygon", icon: Pentagon, key: "Y", name: "tool.polygon" },
  { tool: "lasso", icon: Lasso, key: "L", name: "tool.lasso" },
  { tool: "move", icon: Hand, key: "H", name: "tool.move" },
];

export function Tools() {
  const text = useText();
  const { tool, task } = useFields("tool", "task");
  return (
    <nav className="tools" aria-label={text("tools")}>
      {TOOLS.map((each) => (
        <Button
          key={each.tool}
          icon={each.icon}
          name={text(each.name)}
          keys={each.key}
          look="quiet"
          pressed={tool === each.tool}
          disabled={each.tool === "point" && task !== "drag"}
          onClick={() => set({ tool: each.tool, corners: [] })}
        />
      ))}
    </nav>
  );
}
