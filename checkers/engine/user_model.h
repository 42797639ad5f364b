/* user_model.h - linearizability by a model that the user brings (include/faultline-model.h),
 * each key alone, by the frontier engine. options->user_model is the model; the checker
 * never fits by itself.
 *
 *	not-linearizable   No order of the operations exists that the model allows. */
#ifndef CHECKERS_USER_MODEL_H
#define CHECKERS_USER_MODEL_H

#include "checkers/engine/model.h"
#include "include/faultline-model.h"

extern const struct checker checker_user_model;
extern const struct model model_of_user;

/* Whether the struct can be worked with; else the reason. */
bool user_model_is_sound(const struct faultline_model *model, struct err *err);

#endif
