/* anomaly_drawing.h - a picture of each violation, as SVG files: cycles of transactions as
 * a graph (cycle_graph.h), all others as a timeline of their operations (timeline.h). */
#ifndef RESULTS_ANOMALY_DRAWING_H
#define RESULTS_ANOMALY_DRAWING_H

#include "results/judgement.h"

#define ANOMALY_FOLDER "anomalies" /* of a run: where its pictures are */

/* The name of the picture of a checker's anomaly, counted from 1:
 * "list-append-1-G-single.svg". */
void anomaly_drawing_name(const char *checker, size_t number, const char *anomaly,
			  struct buf *name);

/* Appends the <svg> element of an anomaly. A cycle that cannot be drawn becomes a timeline,
 * and *err tells why (else it is cleared). False when there is nothing to draw. */
bool anomaly_drawing_print(const struct history *history, const struct anomaly *anomaly,
			   struct buf *svg, struct err *err);

/* Writes one file for each anomaly into the folder, which is made, and appends their paths,
 * one a line. *why: what was not drawn as it should be, "" when all was. False when the
 * folder or a file cannot be written. */
bool anomaly_drawings_write(const char *folder, const struct history *history,
			    const struct judgement *judgement, struct buf *paths,
			    struct err *why, struct err *err);

#endif
